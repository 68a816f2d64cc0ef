//! The page and its files, from the binary itself.

use reqwest::Method;

use crate::support::{Answer, TestServer};

#[tokio::test]
async fn the_page_is_at_its_addresses_and_never_stale() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    for path in ["/", "/e/salt", "/e/anything"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        let page = answer.ok();
        assert!(page.as_str().is_some_and(|page| page.contains("<title>")), "{path}");
    }
    assert_eq!(visitor.get("/e/salt/more").await.status, 404);
    assert_eq!(visitor.get("/../Cargo.toml").await.status, 404);
    assert_eq!(visitor.get("/%2e%2e/Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let first = visitor.get("/demo/poster.jpg").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), "image/jpeg");
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let request = visitor
        .request(Method::GET, "/demo/poster.jpg")
        .header("if-none-match", etag.clone());
    let again = Answer::of(request).await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (304, etag.as_str()));
}

#[tokio::test]
async fn a_player_gets_the_clip_piece_by_piece() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    let piece = async |range: &str| {
        let request = visitor.request(Method::GET, "/demo/poster.jpg").header("range", range);
        request.send().await.expect("an answer")
    };
    let whole = visitor
        .request(Method::GET, "/demo/poster.jpg")
        .send()
        .await
        .expect("an answer");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    let whole = whole.bytes().await.expect("bytes");

    let first = piece("bytes=0-99").await;
    assert_eq!(first.status(), 206);
    assert_eq!(
        first.headers()["content-range"],
        format!("bytes 0-99/{}", whole.len()).as_str()
    );
    assert_eq!(first.bytes().await.expect("bytes"), whole[..100]);

    let rest = piece("bytes=100-").await;
    assert_eq!(rest.status(), 206);
    assert_eq!(rest.bytes().await.expect("bytes"), whole[100..]);

    let beyond = piece(&format!("bytes={}-", whole.len())).await;
    assert_eq!(beyond.status(), 416);
}
