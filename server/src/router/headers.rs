//! Headers that every answer carries: what a browser may do with the page, and what it may keep.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::Config;
use crate::routes::client;

/// What a page of ours never needs, or lets a framed stream decide.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), display-capture=(), \
     autoplay=*, fullscreen=*, picture-in-picture=*";

/// The headers that say what a browser may do.
pub fn security(config: &Config) -> HeaderMap {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let mut headers: HeaderMap = fixed
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect();
    let policy = HeaderValue::try_from(content_policy(config)).expect("a policy is a header's value");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers
}

/// Scripts are ours alone; streams and posters come from where the organizer keeps them. Older browsers do not count
/// sockets of the same host as `'self'`, so a known public address is spelled out.
fn content_policy(config: &Config) -> String {
    let mut scripts = String::new();
    for hash in client::SCRIPT_HASHES {
        let _ = write!(scripts, " '{hash}'");
    }
    let socket = config
        .origins
        .public
        .as_ref()
        .map(|public| format!(" {}", public.socket_source()));
    [
        "default-src 'none'".to_owned(),
        format!("script-src 'self' 'wasm-unsafe-eval'{scripts}"),
        "style-src 'self'".to_owned(),
        "img-src 'self' data: http: https:".to_owned(),
        "media-src 'self' blob: http: https:".to_owned(),
        format!("connect-src 'self' http: https:{}", socket.unwrap_or_default()),
        "worker-src 'self' blob:".to_owned(),
        "frame-src http: https:".to_owned(),
        "font-src 'self'".to_owned(),
        "manifest-src 'self'".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'self'".to_owned(),
        "frame-ancestors 'self'".to_owned(),
    ]
    .join("; ")
}

/// Adds them to every answer but a socket's.
pub async fn add(State(headers): State<Arc<HeaderMap>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let own = response.headers_mut();
        for (name, value) in headers.iter() {
            own.entry(name).or_insert_with(|| value.clone());
        }
    }
    response
}

/// What a call answers is for its caller alone, and for now.
pub fn keep_private(answer: &mut HeaderMap) {
    answer
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
