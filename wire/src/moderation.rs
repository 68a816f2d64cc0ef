//! What the moderators' desk shows: reports, held messages, people, the audit log, the word list. To staff alone.

use serde::{Deserialize, Serialize};

use crate::frame::{Actor, Message};
use crate::{MemberId, Role, Seq, UnixMillis};

/// A message that waits for a moderator, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Held {
    /// Its number, for `approve` and `drop`.
    pub held: u64,
    /// When it was sent.
    pub at: UnixMillis,
    /// Its author.
    pub member: MemberId,
    /// The author's nickname.
    pub nickname: String,
    /// What it says.
    pub text: String,
    /// Marked as a question.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub question: bool,
    /// The message it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The rule that held it; absent when all messages of the member are held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What became of it.
    pub state: HeldState,
}

/// What became of a held message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// It waits.
    Waiting,
    /// It is in the chat.
    Approved,
    /// It was refused.
    Dropped,
}

/// `GET /events/{event}/moderation/held`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HeldList {
    /// What waits, oldest first, at most 200.
    pub held: Vec<Held>,
    /// How many wait.
    pub waiting: u64,
}

/// A reported message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportCase {
    /// The message, with its text.
    pub message: Message,
    /// Members who reported it.
    pub count: u64,
    /// The reasons that were given, most frequent first, at most 5.
    pub reasons: Vec<ReasonCount>,
    /// The first report.
    pub first_at: UnixMillis,
    /// Waits for a moderator: visible, and not dismissed.
    pub open: bool,
}

/// How often a reason was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReasonCount {
    /// The reason.
    pub reason: String,
    /// Members who gave it.
    pub count: u64,
}

/// `GET /events/{event}/moderation/reports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportList {
    /// The open cases, most reports first, at most 200.
    pub cases: Vec<ReportCase>,
    /// How many are open.
    pub open: u64,
}

/// Which message a moderator looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looking {
    /// The moderator.
    pub by: Actor,
    /// The message; null for none.
    pub target: Option<Seq>,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditRow {
    /// Its number; they only grow.
    pub id: u64,
    /// When it was done.
    pub at: UnixMillis,
    /// What was done: a verb of the socket, or what a command or the word list did.
    pub kind: String,
    /// Who did it; null for the house.
    pub by: Option<Actor>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Actor>,
    /// The message or entry it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Seq>,
    /// The log entry it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// How long or how far, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A note's text, a nickname, a word list's rule: whatever the kind adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /events/{event}/moderation/audit`: newest page first, each page newest line first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// At most 50 lines.
    pub rows: Vec<AuditRow>,
    /// Where the next page begins; null at the end.
    pub next: Option<String>,
}

/// Somebody with a nickname, as the people list shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Person {
    /// The member.
    pub member: MemberId,
    /// The nickname, once chosen.
    pub nickname: Option<String>,
    /// The role.
    pub role: Role,
    /// Has an open socket.
    pub online: bool,
    /// Is banned.
    pub banned: bool,
    /// Is muted up to this moment; null when not.
    pub muted_until: Option<UnixMillis>,
    /// Everything the member writes waits for a moderator.
    pub held: bool,
}

/// `GET /events/{event}/moderation/people`: by nickname.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PeoplePage {
    /// At most 50.
    pub people: Vec<Person>,
    /// Where the next page begins; null at the end.
    pub next: Option<String>,
}

/// `GET /events/{event}/moderation/members/{member}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MemberCard {
    /// Who it is.
    #[serde(flatten)]
    pub person: Person,
    /// Nicknames from before, newest first, at most 20.
    pub earlier: Vec<String>,
    /// Since when the member's device holds the seat; null when nobody does.
    pub seated_since: Option<UnixMillis>,
    /// Messages in the log.
    pub messages: u64,
    /// Members' reports of these messages.
    pub reports: u64,
    /// Messages that wait for a moderator.
    pub waiting: u64,
}

/// How a rule of the word list is compared, after NFKC, case folding and UTS 39 skeletons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WordMatch {
    /// The whole message is the pattern.
    Exact,
    /// The pattern stands in the message with no letter or digit before or after it.
    Word,
    /// The pattern stands at the beginning of a word.
    Prefix,
}

/// What a rule of the word list does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WordAction {
    /// The message waits for a moderator.
    Hold,
    /// The message is refused.
    Refuse,
    /// The message is refused, and its author is muted.
    Mute,
}

/// A rule of the word list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WordRule {
    /// What to look for: 1 to [`crate::limits::PATTERN_SCALARS`], after the text rules.
    pub pattern: String,
    /// How it is compared.
    pub matching: WordMatch,
    /// What it does.
    pub action: WordAction,
    /// For `mute`: how long, in seconds, 1 to [`crate::limits::MUTE_SECONDS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// For `refuse` and `mute`: a word to the sender, at most [`crate::limits::REASON_SCALARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// A rule in the event's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ListedRule {
    /// Its number, to take it out.
    pub id: u64,
    /// The rule.
    #[serde(flatten)]
    pub rule: WordRule,
}

/// `GET /events/{event}/moderation/words`: oldest rule first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WordList {
    /// At most 100 of them.
    pub rules: Vec<ListedRule>,
    /// How many there are.
    pub total: u64,
    /// Where the next page begins; null at the end.
    pub next: Option<String>,
}

/// The answer to `POST /events/{event}/moderation/words`: a text file's rules, or one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WordsTaken {
    /// Rules that are new.
    pub added: u64,
    /// Rules that were there already.
    pub known: u64,
    /// Rules in the list now.
    pub total: u64,
    /// Lines that are no rule, at most 20 of them.
    pub refused: Vec<RefusedLine>,
    /// How many lines are no rule.
    pub refused_total: u64,
}

/// A line of a word list that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RefusedLine {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub why: String,
}
