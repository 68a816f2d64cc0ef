//! What a stream's address is: a file, a list of segments (HLS), or a page with a player of its own.

/// How a stream is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file that every browser plays.
    File,
    /// HLS: natively where the browser can, else by a script of ours.
    Hls,
    /// A page, in a sandboxed frame.
    Frame,
}

/// Endings of what a `<video>` plays.
const FILES: [&str; 8] = ["mp4", "m4v", "webm", "mov", "ogv", "ogg", "mp3", "m4a"];

impl Source {
    /// Reads an address by its scheme and its path's ending; none for what is neither http nor https nor our own.
    pub fn of(address: &str) -> Option<Self> {
        let rest = match address.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") => rest,
            None if address.starts_with('/') => address,
            _ => return None,
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit_once('/').map_or("", |(_, name)| name);
        let ending = name
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase())
            .unwrap_or_default();
        Some(match ending.as_str() {
            "m3u8" => Self::Hls,
            file if FILES.contains(&file) => Self::File,
            _ => Self::Frame,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_how_it_is_played() {
        for (address, source) in [
            ("https://cdn.example/live/Show.M3U8?token=a.mp4", Source::Hls),
            ("http://cdn.example/clip.mp4#t=3", Source::File),
            ("/demo/demo.mp4", Source::File),
            ("HTTPS://player.example/embed/42", Source::Frame),
            ("https://player.example", Source::Frame),
            ("https://player.mp4", Source::Frame),
        ] {
            assert_eq!(Source::of(address), Some(source), "{address}");
        }
    }

    #[test]
    fn what_is_not_of_the_web_is_not_played() {
        for address in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://x/a.mp4",
            "",
            "clip.mp4",
            "javascript://x/%0aalert(1)",
        ] {
            assert_eq!(Source::of(address), None, "{address}");
        }
    }
}
