//! HLS where the browser cannot play it alone: hls.js, fetched from our own server only then.

use wasm_bindgen::prelude::*;
use web_sys::HtmlVideoElement;

/// Where the build put hls.js; none in a build without it.
const PATH: Option<&str> = option_env!("HLS_PATH");

#[wasm_bindgen(module = "/src/room/hls.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn play(
        path: &str,
        video: &HtmlVideoElement,
        address: &str,
        failed: &Closure<dyn FnMut()>,
    ) -> Result<JsValue, JsValue>;

    fn stop(player: &JsValue);
}

/// A player at work. Dropping it stops it.
pub struct Player {
    player: JsValue,
    _failed: Closure<dyn FnMut()>,
}

impl Player {
    /// Plays `address` in `video`, and calls `failed` when it cannot go on.
    pub async fn play(
        video: &HtmlVideoElement,
        address: &str,
        failed: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let path = PATH.ok_or(JsValue::NULL)?;
        let failed = Closure::<dyn FnMut()>::new(failed);
        let player = play(path, video, address, &failed).await?;
        Ok(Self {
            player,
            _failed: failed,
        })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        stop(&self.player);
    }
}

/// Whether the browser plays HLS alone.
pub fn is_native(video: &HtmlVideoElement) -> bool {
    !video.can_play_type("application/vnd.apple.mpegurl").is_empty()
}
