//! Moments and numbers in the reader's own zone and language, by the browser's `Intl`.

use std::cell::OnceCell;

use js_sys::{Array, Date, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wire::UnixMillis;

/// The hour and minute: `20:41`.
pub fn time(at: UnixMillis) -> String {
    FORMATS.with(|formats| formatted(&formats.time, at))
}

/// The day, in full: `Saturday 21 November`.
pub fn day(at: UnixMillis) -> String {
    FORMATS.with(|formats| formatted(&formats.day, at))
}

/// The day and the time, short: `Sat 21 Nov, 20:00`.
pub fn moment(at: UnixMillis) -> String {
    FORMATS.with(|formats| formatted(&formats.moment, at))
}

/// The day, short and with its year: `Sat 21 Nov 2026`.
pub fn date(at: UnixMillis) -> String {
    FORMATS.with(|formats| formatted(&formats.date, at))
}

/// A count with its separators: `12,486`.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of people and lines are far below 2^53"
)]
pub fn count(number: u64) -> String {
    FORMATS.with(|formats| called(&formats.count, &JsValue::from_f64(number as f64)))
}

/// A count where there is little space: `9,206`, `12.4K`.
#[expect(clippy::cast_precision_loss, reason = "counts of taps are far below 2^53")]
pub fn short(number: u64) -> String {
    if number < 10_000 {
        return count(number);
    }
    FORMATS.with(|formats| called(&formats.short, &JsValue::from_f64(number as f64)))
}

/// For machines: `2026-11-21T19:00:00.000Z`.
pub fn machine(at: UnixMillis) -> String {
    let date = js_date(at);
    if date.get_time().is_nan() {
        String::new()
    } else {
        date.to_iso_string().into()
    }
}

/// The place that the reader's zone is named after: `Berlin`.
pub fn zone() -> Option<String> {
    let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
    let name = Reflect::get(&options, &"timeZone".into()).ok()?.as_string()?;
    let (region, place) = name.rsplit_once('/')?;
    (region != "Etc").then(|| place.replace('_', " "))
}

/// A number for the day of a moment in the reader's zone: the same on one day, another on the next.
#[expect(clippy::cast_possible_truncation, reason = "a number of days")]
pub fn day_number(at: UnixMillis) -> i64 {
    let date = js_date(at);
    let local = date.get_time() - date.get_timezone_offset() * 60_000.0;
    (local / 86_400_000.0).floor() as i64
}

/// Making a formatter is costly: each is made once.
struct Formats {
    time: Format,
    day: Format,
    moment: Format,
    date: Format,
    count: Format,
    short: Format,
}

struct Format {
    constructor: &'static str,
    options: &'static [(&'static str, &'static str)],
    made: OnceCell<Option<Function>>,
}

thread_local! {
    static FORMATS: Formats = const { Formats {
        time: Format::new("DateTimeFormat", &[("hour", "numeric"), ("minute", "2-digit")]),
        day: Format::new("DateTimeFormat", &[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
        moment: Format::new("DateTimeFormat", &[
            ("weekday", "short"), ("day", "numeric"), ("month", "short"), ("hour", "numeric"), ("minute", "2-digit"),
        ]),
        date: Format::new("DateTimeFormat", &[
            ("weekday", "short"), ("day", "numeric"), ("month", "short"), ("year", "numeric"),
        ]),
        count: Format::new("NumberFormat", &[]),
        short: Format::new("NumberFormat", &[("notation", "compact"), ("maximumSignificantDigits", "3")]),
    } };
}

impl Format {
    const fn new(constructor: &'static str, options: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            constructor,
            options,
            made: OnceCell::new(),
        }
    }

    /// `new Intl[constructor](the reader's languages, options).format`, which is bound to its formatter.
    fn make(&self) -> Result<Function, JsValue> {
        let options = Object::new();
        for (name, value) in self.options {
            Reflect::set(&options, &(*name).into(), &(*value).into())?;
        }
        let intl = Reflect::get(&window(), &"Intl".into())?;
        let constructor: Function = Reflect::get(&intl, &self.constructor.into())?.dyn_into()?;
        let formatter = Reflect::construct(&constructor, &Array::of2(&JsValue::UNDEFINED, &options))?;
        Reflect::get(&formatter, &"format".into())?.dyn_into()
    }
}

fn called(format: &Format, value: &JsValue) -> String {
    let function = format.made.get_or_init(|| format.make().ok());
    let text = function
        .as_ref()
        .and_then(|function| function.call1(&JsValue::UNDEFINED, value).ok());
    text.and_then(|text| text.as_string()).unwrap_or_default()
}

fn formatted(format: &Format, at: UnixMillis) -> String {
    called(format, &js_date(at))
}

#[expect(clippy::cast_precision_loss, reason = "moments in milliseconds are far below 2^53")]
fn js_date(at: UnixMillis) -> Date {
    Date::new(&JsValue::from_f64(at as f64))
}
