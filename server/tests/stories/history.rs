//! Reading the history, page by page.

use serde_json::Value;
use wire::http::HistoryPage;
use wire::{ProblemCode, Seq};

use crate::support::{Person, Venue};

#[tokio::test]
async fn pages_cover_everything_once_whatever_the_number_of_messages() {
    let venue = Venue::unlimited().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    let mut said = 0;
    for total in [0_u64, 1, 50, 51, 1_001] {
        line.says_all((said + 1..=total).map(|number| format!("line {number}")))
            .await;
        said = total;
        assert_covered(&ana, total, None).await;
        assert_covered(&ana, total, Some(50)).await;
        // More than a page holds is a page.
        assert_covered(&ana, total, Some(10_000)).await;
        if total <= 51 {
            assert_covered(&ana, total, Some(1)).await;
            assert_covered(&ana, total, Some(7)).await;
        }
    }
}

#[tokio::test]
async fn a_page_is_the_same_from_memory_and_from_the_store() {
    let mut venue = Venue::unlimited().await;
    let ana = venue.fan("Ana").await;
    for total in [0, 1, 60] {
        let mut line = ana.connects().await;
        line.says_all((ana.head().await + 1..=total).map(|number| format!("\"line\" {number} \\ 🎸")))
            .await;
        let from_memory = ana.page(None, None).await;
        venue.kill9().await;
        venue.restart().await;
        let from_the_store = ana.page(None, None).await;
        assert_eq!(from_memory.body, from_the_store.body);
        assert_eq!(from_memory.body["as_of"], total);
        let page: HistoryPage = from_memory.good();
        assert_eq!(page.messages.len() as u64, total.min(50));
    }
}

async fn assert_covered(person: &Person, total: Seq, limit: Option<u32>) {
    let history = person.history(limit).await;
    let seqs: Vec<Seq> = history.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=total).collect::<Vec<_>>(), "limit {limit:?}");
    for message in &history {
        let text = message.body.as_ref().map(|body| body.text.as_str());
        assert_eq!(text, Some(format!("line {}", message.seq).as_str()));
    }
    let page: HistoryPage = person.page(limit, None).await.good();
    assert_eq!(page.as_of, total);
}

#[tokio::test]
async fn the_newest_page_comes_first_and_the_oldest_has_no_next() {
    let venue = Venue::unlimited().await;
    let ana = venue.fan("Ana").await;
    let empty = ana.page(None, None).await;
    assert_eq!(
        (empty.status, &empty.body["next"], &empty.body["messages"]),
        (200, &Value::Null, &Value::Array(vec![]))
    );
    let mut line = ana.connects().await;
    line.says_all((1..=51).map(|number| format!("{number}"))).await;
    let newest: HistoryPage = ana.page(None, None).await.good();
    assert_eq!((newest.messages[0].seq, newest.messages[49].seq), (2, 51));
    // What is said meanwhile moves no page.
    line.says("52").await;
    let next = newest.next.expect("one more");
    let oldest: HistoryPage = ana.page(None, Some(&next)).await.good();
    assert_eq!(
        (oldest.messages.len(), oldest.messages[0].seq, oldest.next, oldest.as_of),
        (1, 1, None, 52)
    );
}

#[tokio::test]
async fn what_is_no_page_is_told_so() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    for before in ["x", "51", "-1", "AAAA", "%00", "%F0%9F%8E%B8", &"A".repeat(3_000)] {
        ana.page(None, Some(before)).await.is(400, ProblemCode::RequestInvalid);
    }
    for limit in ["0", "-1", "x", "99999999999999"] {
        let answer = ana
            .call(reqwest::Method::GET, &format!("/messages?limit={limit}"), None)
            .await;
        answer.is(400, ProblemCode::RequestInvalid);
    }
}
