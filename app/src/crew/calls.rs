//! The staff's HTTP calls, one function each.

use gloo_net::http::Method;
use wire::http::HistoryPage;
use wire::moderation::{
    AuditPage, HeldList, ListedRule, MemberCard, PeoplePage, ReportList, WordAction, WordList, WordMatch, WordRule,
    WordsTaken,
};
use wire::stage::{Mood, QuestionList, QuestionState};
use wire::{MemberId, limits};

use crate::api::{self, Answer, Body, Trouble};

/// The reported messages that wait.
pub async fn reports(slug: &str) -> Answer<ReportList> {
    api::call(Method::GET, &at(slug, "reports", &[]), None).await
}

/// The held messages that wait.
pub async fn held(slug: &str) -> Answer<HeldList> {
    api::call(Method::GET, &at(slug, "held", &[]), None).await
}

/// Who is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A part of the nickname.
    pub search: String,
    /// One role, or all.
    pub role: Option<&'static str>,
    /// One state, or all.
    pub state: Option<&'static str>,
}

/// A page of people.
pub async fn people(slug: &str, wanted: &Wanted, after: Option<String>) -> Answer<PeoplePage> {
    let search = Some(wanted.search.trim().to_owned()).filter(|search| !search.is_empty());
    let query = [
        ("search", search),
        ("role", wanted.role.map(str::to_owned)),
        ("state", wanted.state.map(str::to_owned)),
        ("after", after),
    ];
    api::call(Method::GET, &at(slug, "people", &given(query)), None).await
}

/// What is known of a member.
pub async fn member(slug: &str, member: &MemberId) -> Answer<MemberCard> {
    api::call(Method::GET, &at(slug, &format!("members/{member}"), &[]), None).await
}

/// A page of a member's messages, newest page first.
pub async fn messages(slug: &str, member: &MemberId, before: Option<String>) -> Answer<HistoryPage> {
    let query = given([("limit", Some("50".to_owned())), ("before", before)]);
    api::call(
        Method::GET,
        &at(slug, &format!("members/{member}/messages"), &query),
        None,
    )
    .await
}

/// A page of the audit log, newest first.
pub async fn audit(slug: &str, filter: &[(&'static str, String)], before: Option<String>) -> Answer<AuditPage> {
    let mut query = filter.to_vec();
    query.extend(before.map(|before| ("before", before)));
    api::call(Method::GET, &at(slug, "audit", &query), None).await
}

/// Where the audit log can be downloaded.
pub fn audit_file(slug: &str, filter: &[(&'static str, String)], format: &str) -> String {
    let mut query = filter.to_vec();
    query.push(("format", format.to_owned()));
    at(slug, "audit", &query)
}

/// A page of the word list.
pub async fn words(slug: &str, after: Option<String>) -> Answer<WordList> {
    api::call(Method::GET, &at(slug, "words", &given([("after", after)])), None).await
}

/// Adds a rule.
pub async fn add_word(slug: &str, rule: &WordRule) -> Answer<WordsTaken> {
    api::call(Method::POST, &at(slug, "words", &[]), api::json(rule)).await
}

/// Adds the rules of a text file, or puts them in place of all there are.
pub async fn upload_words(slug: &str, file: String, defaults: &WordRule, replaces: bool) -> Answer<WordsTaken> {
    let query = given([
        ("matching", Some(matching(defaults.matching).to_owned())),
        ("action", Some(action(defaults.action).to_owned())),
        ("seconds", defaults.seconds.map(|seconds| seconds.to_string())),
        ("say", defaults.say.clone()),
    ]);
    let method = if replaces { Method::PUT } else { Method::POST };
    api::call(method, &at(slug, "words", &query), Some(Body::Text(file))).await
}

/// Takes a rule out.
pub async fn remove_word(slug: &str, rule: &ListedRule) -> Answer<()> {
    let path = at(slug, &format!("words/{}", rule.id), &[]);
    api::send(Method::DELETE, &path, None).await.map(drop)
}

/// The name on the wire.
pub const fn matching(matching: WordMatch) -> &'static str {
    match matching {
        WordMatch::Exact => "exact",
        WordMatch::Word => "word",
        WordMatch::Prefix => "prefix",
    }
}

/// The name on the wire.
pub const fn action(action: WordAction) -> &'static str {
    match action {
        WordAction::Hold => "hold",
        WordAction::Refuse => "refuse",
        WordAction::Mute => "mute",
    }
}

/// Why nothing was done, in words.
pub fn why(trouble: &Trouble) -> String {
    let said = trouble.problem().map(|problem| {
        let detail = problem.detail.as_deref().unwrap_or_default();
        format!("{} {detail}", problem.title)
    });
    said.unwrap_or_else(|| "The server could not be reached. Nothing was done.".to_owned())
}

/// The questions in one state, the most asked first.
pub async fn questions(slug: &str, state: QuestionState) -> Answer<QuestionList> {
    let query = format!("/questions?state={}&limit={}", state.as_str(), limits::QUESTIONS);
    api::call(Method::GET, &api::at(slug, &query), None).await
}

/// How the room felt, over the evening and in the last minute.
pub async fn mood(slug: &str) -> Answer<Mood> {
    api::call(Method::GET, &api::at(slug, "/reactions"), None).await
}

fn given<const N: usize>(pairs: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn at(slug: &str, path: &str, query: &[(&'static str, String)]) -> String {
    let mut address = api::at(slug, &format!("/moderation/{path}"));
    for (place, (name, value)) in query.iter().enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.push_str(&String::from(js_sys::encode_uri_component(value)));
    }
    address
}
