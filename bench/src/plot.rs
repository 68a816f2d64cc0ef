//! Plots of what crowds cost, drawn from the JSON of `bench crowd`: plain, and readable on light and on dark.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::meter::Figures;

/// One panel, in pixels; two stand beside each other.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 220.0;
/// Around a panel's field, for names and numbers.
const LEFT: f64 = 56.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;
const RIGHT: f64 = 16.0;
/// Lines across, with the one at the top.
const STEPS: u32 = 4;

/// What is drawn.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What grows from left to right.
    #[arg(long, value_enum)]
    by: By,
    /// The SVG file to write.
    #[arg(long)]
    out: PathBuf,
    /// What `bench crowd --json` printed, a file a run.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// People in one process.
    People,
    /// Messages a second.
    Rate,
    /// Rooms.
    Rooms,
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Rate => "messages a second",
            Self::Rooms => "rooms",
        }
    }

    fn of(self, figures: &Figures) -> f64 {
        match self {
            Self::People => f64::from(figures.load.sockets),
            Self::Rate => figures.load.rate,
            Self::Rooms => f64::from(figures.load.rooms),
        }
    }
}

/// Draws and writes it.
///
/// # Errors
/// When a report cannot be read, or a value cannot stand on a scale of powers.
pub fn draw(options: &Options) -> Result<()> {
    let mut reports = Vec::new();
    for path in &options.reports {
        reports.push(read(path)?);
    }
    let by = options.by;
    reports.sort_by(|a, b| by.of(a).total_cmp(&by.of(b)));
    ensure!(
        reports.iter().all(|report| by.of(report) > 0.0),
        "{} must be more than none",
        by.name()
    );
    let points = |of: fn(&Figures) -> f64| {
        reports
            .iter()
            .map(|report| (by.of(report), of(report)))
            .collect::<Vec<_>>()
    };
    let cost = points(|figures| figures.server_cpu_micros_a_delivery);
    let late = points(|figures| figures.latency_ms_p99);
    fs::write(&options.out, svg(by, &cost, &late)).with_context(|| format!("cannot write {}", options.out.display()))
}

fn read(path: &Path) -> Result<Figures> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no report of `bench crowd --json`", path.display()))
}

fn svg(by: By, cost: &[(f64, f64)], late: &[(f64, f64)]) -> String {
    let style = "text{font:12px system-ui,sans-serif;fill:#59636e}.name{font-weight:600;fill:#1f2328}\
                 line{stroke:#d1d9e0}polyline{fill:none;stroke:#b35900;stroke-width:2}circle{fill:#b35900}\
                 @media(prefers-color-scheme:dark){text{fill:#9198a1}.name{fill:#f0f6fc}line{stroke:#3d444d}\
                 polyline{stroke:#ffa657}circle{fill:#ffa657}}";
    let cost = panel(0.0, "server CPU, µs a delivery", by.name(), cost);
    let late = panel(WIDTH, "p99 from due to arrived, ms", by.name(), late);
    let width = WIDTH * 2.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" role=\"img\" \
         aria-label=\"Cost and latency by {}\">\n<style>{style}</style>\n{cost}{late}</svg>\n",
        by.name()
    )
}

fn panel(offset: f64, name: &str, below: &str, points: &[(f64, f64)]) -> String {
    let panel = Panel::new(offset, points);
    let (left, right) = (panel.left(), panel.right());
    let mut svg = format!("<text class=\"name\" x=\"{left}\" y=\"18\">{name}</text>\n");
    panel.draw_grid(&mut svg);
    panel.draw_points(&mut svg, points);
    write_label(&mut svg, (f64::midpoint(left, right), HEIGHT - 8.0), "middle", below);
    svg
}

/// Where values stand: from left to right by powers, upwards from nothing.
struct Panel {
    offset: f64,
    first: f64,
    decades: f64,
    top: f64,
}

impl Panel {
    fn new(offset: f64, points: &[(f64, f64)]) -> Self {
        let across = |point: Option<&(f64, f64)>| point.map_or(1.0, |point| point.0);
        let first = across(points.first());
        Self {
            offset,
            first,
            decades: (across(points.last()) / first).log10(),
            top: ceiling(points.iter().map(|point| point.1).fold(0.0, f64::max)),
        }
    }

    fn left(&self) -> f64 {
        self.offset + LEFT
    }

    fn right(&self) -> f64 {
        self.offset + WIDTH - RIGHT
    }

    fn x(&self, value: f64) -> f64 {
        // One point alone stands at the left.
        let share = (value / self.first).log10() / self.decades.max(f64::MIN_POSITIVE);
        let margin = 12.0;
        self.left() + margin + share * (self.right() - self.left() - 2.0 * margin)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.top * (HEIGHT - BOTTOM - TOP)
    }

    fn draw_grid(&self, svg: &mut String) {
        let (left, right) = (self.left(), self.right());
        for step in 0..=STEPS {
            let value = self.top * f64::from(step) / f64::from(STEPS);
            let y = self.y(value);
            writeln!(svg, "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>").ok();
            write_label(svg, (left - 8.0, y + 4.0), "end", &number(value));
        }
    }

    fn draw_points(&self, svg: &mut String, points: &[(f64, f64)]) {
        let place = |point: &(f64, f64)| format!("{:.1},{:.1}", self.x(point.0), self.y(point.1));
        let line: Vec<String> = points.iter().map(place).collect();
        writeln!(svg, "<polyline fill=\"none\" points=\"{}\"/>", line.join(" ")).ok();
        for (across, up) in points {
            let (x, y) = (self.x(*across), self.y(*up));
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>").ok();
            write_label(svg, (x, y - 8.0), "middle", &number(*up));
            write_label(svg, (x, HEIGHT - BOTTOM + 17.0), "middle", &number(*across));
        }
    }
}

fn write_label(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    )
    .ok();
}

/// A round number that is not below.
fn ceiling(value: f64) -> f64 {
    let decade = 10_f64.powf(value.max(1e-6).log10().floor());
    let rounds = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0, 12.0];
    // A little above, so that the highest point's number has room.
    let round = rounds.into_iter().find(|round| round * decade >= value * 1.1);
    round.unwrap_or(12.0) * decade
}

/// As people write it.
fn number(value: f64) -> String {
    if value >= 1_000.0 {
        let thousands = value / 1_000.0;
        let digits = usize::from(thousands.fract() > 0.05 && thousands < 10.0);
        return format!("{thousands:.digits$}k");
    }
    let digits = match value {
        0.0 | 100.0.. => 0,
        10.0.. => usize::from(value.fract() > 0.05),
        _ => usize::from(value.fract() > 0.0) * 2,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_scales_end_at_round_ones() {
        let numbers: Vec<String> = [0.0, 0.5, 4.0, 12.34, 150.4, 1_000.0, 2_500.0, 19_700.0]
            .map(number)
            .into();
        assert_eq!(numbers, ["0", "0.50", "4", "12.3", "150", "1k", "2.5k", "20k"]);
        assert_eq!([0.83, 5.8, 9.5, 18.0].map(ceiling).map(number), ["1", "8", "12", "20"]);
    }

    #[test]
    fn a_plot_has_a_point_a_run_inside_its_frame() {
        let points = [(1_000.0, 6.0), (5_000.0, 7.0), (19_700.0, 9.0)];
        let svg = svg(By::People, &points, &points);
        assert_eq!(svg.matches("<circle").count(), 6);
        let heights = svg
            .split("cy=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
        assert!(
            heights
                .into_iter()
                .all(|height| (TOP..HEIGHT - BOTTOM).contains(&height))
        );
        assert!(svg.contains("prefers-color-scheme:dark"));
    }
}
