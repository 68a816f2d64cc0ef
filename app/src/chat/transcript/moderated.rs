//! What moderators do to a transcript, against a simple model: a log, and what fans see of it at each of its places.

use proptest::prelude::*;
use wire::Role;
use wire::frame::MessageBody;

use super::*;

const MEMBERS: [&str; 3] = ["a", "b", "me"];
const PAGE: usize = 7;

/// Somebody says something, or a moderator does something about a message or a member.
#[derive(Clone, Debug)]
enum Happens {
    Said(usize),
    Hide(usize),
    Unhide(usize),
    Ban(usize),
    Unban(usize),
    Clear(usize, u64),
    Unclear(usize),
    Rename(usize),
}

#[derive(Clone, Debug)]
enum Entry {
    Message { member: usize },
    Control(Deed),
}

/// The log of a room; its first entry has the seq 1.
#[derive(Clone, Debug, Default)]
struct Log(Vec<Entry>);

impl Log {
    fn of(happenings: &[Happens]) -> Self {
        let mut log = Self::default();
        for happens in happenings {
            log.happen(happens);
        }
        log
    }

    fn head(&self) -> Seq {
        self.0.len() as Seq
    }

    fn happen(&mut self, happens: &Happens) {
        let member = |place: &usize| MemberId(MEMBERS[*place].into());
        let (messages, clears) = (self.messages(), self.clears());
        let pick = |seqs: &[Seq], place: usize| seqs.get(place % seqs.len().max(1)).copied();
        let seq = self.head() + 1;
        let entry = match happens {
            Happens::Said(member) => Some(Entry::Message { member: *member }),
            Happens::Hide(place) => pick(&messages, *place).map(|target| Entry::Control(Deed::Hide { target })),
            Happens::Unhide(place) => pick(&messages, *place).map(|target| {
                let message = tombstone(target);
                Entry::Control(Deed::Unhide { target, message })
            }),
            Happens::Ban(place) => Some(Entry::Control(Deed::Ban { member: member(place) })),
            Happens::Unban(place) => Some(Entry::Control(Deed::Unban { member: member(place) })),
            Happens::Clear(place, reach) => Some(Entry::Control(Deed::Clear {
                member: member(place),
                seconds: 1,
                since: seq.saturating_sub(*reach) * 1_000,
            })),
            Happens::Unclear(place) => pick(&clears, *place).and_then(|target| {
                let Entry::Control(Deed::Clear { member, .. }) = self.entry(target).clone() else {
                    return None;
                };
                Some(Entry::Control(Deed::Unclear { target, member }))
            }),
            Happens::Rename(place) => Some(Entry::Control(Deed::Rename {
                member: member(place),
                nickname: format!("renamed {seq}"),
            })),
        };
        self.0.extend(entry);
    }

    fn entry(&self, seq: Seq) -> &Entry {
        &self.0[usize::try_from(seq).expect("small") - 1]
    }

    fn messages(&self) -> Vec<Seq> {
        let is_message = |seq: &Seq| matches!(self.entry(*seq), Entry::Message { .. });
        (1..=self.head()).filter(is_message).collect()
    }

    fn clears(&self) -> Vec<Seq> {
        let is_clear = |seq: &Seq| matches!(self.entry(*seq), Entry::Control(Deed::Clear { .. }));
        (1..=self.head()).filter(is_clear).collect()
    }

    fn deeds(&self, up_to: Seq) -> impl Iterator<Item = (Seq, &Deed)> {
        (1..=up_to).filter_map(|seq| match self.entry(seq) {
            Entry::Control(deed) => Some((seq, deed)),
            Entry::Message { .. } => None,
        })
    }

    /// A message as fans see it at a place in the log.
    fn message(&self, seq: Seq, as_of: Seq) -> Message {
        let Entry::Message { member } = self.entry(seq) else {
            panic!("{seq} is no message")
        };
        let (mut nickname, at) = (MEMBERS[*member].to_owned(), seq * 1_000);
        let author = MemberId(MEMBERS[*member].into());
        let (mut hidden, mut banned, mut cleared) = (false, false, Vec::new());
        for (place, deed) in self.deeds(as_of) {
            match deed {
                Deed::Hide { target } if *target == seq => hidden = true,
                Deed::Unhide { target, .. } if *target == seq => hidden = false,
                Deed::Ban { member } if *member == author => banned = true,
                Deed::Unban { member } if *member == author => banned = false,
                Deed::Clear { member, since, .. } if *member == author && at >= *since && seq < place => {
                    cleared.push(place);
                }
                Deed::Unclear { target, .. } => cleared.retain(|place| place != target),
                Deed::Rename { member, nickname: new } if *member == author => nickname.clone_from(new),
                _ => {}
            }
        }
        if hidden || banned || !cleared.is_empty() {
            return tombstone(seq);
        }
        let body = MessageBody {
            id: format!("id-{seq}"),
            at,
            member: author,
            nickname,
            role: Role::Fan,
            text: format!("line {seq}"),
            question: false,
            reply_to: None,
            answers: None,
            answered: None,
        };
        Message {
            seq,
            body: Some(body),
            hidden: false,
        }
    }

    /// Tells an entry as the socket does, with messages as they are at `as_of`.
    fn tell(&self, transcript: &mut Transcript, seq: Seq, as_of: Seq) {
        match self.entry(seq) {
            Entry::Message { .. } => transcript.message(self.message(seq, as_of)),
            Entry::Control(deed) => {
                let mut deed = deed.clone();
                if let Deed::Unhide { target, message } = &mut deed {
                    *message = self.message(*target, as_of);
                }
                let (at, by, reason) = (0, None, None);
                transcript.control(Control {
                    seq,
                    at,
                    deed,
                    by,
                    reason,
                });
            }
        }
    }

    fn page(&self, before: Option<&str>, as_of: Seq) -> HistoryPage {
        let before = before.map_or(as_of + 1, |token| token.parse().expect("a token of this test"));
        let mut seqs = self.messages();
        seqs.retain(|seq| *seq < before && *seq <= as_of);
        let seqs = &seqs[seqs.len().saturating_sub(PAGE)..];
        let first = self.messages().first().copied();
        HistoryPage {
            messages: seqs.iter().map(|seq| self.message(*seq, as_of)).collect(),
            next: seqs.first().filter(|seq| Some(**seq) != first).map(Seq::to_string),
            as_of,
            votes: wire::Counts::default(),
        }
    }
}

fn tombstone(seq: Seq) -> Message {
    Message {
        seq,
        body: None,
        hidden: true,
    }
}

/// What comes to a client, and when.
#[derive(Clone, Debug)]
enum Comes {
    /// So many entries, live.
    Live(usize),
    /// An entry again that was told already.
    Again(usize),
    /// A page is asked for, and read when the server is so many entries ahead of the client.
    Asked(u64),
    /// One of the pages that were read arrives.
    Arrives(usize),
    /// The connection is cut; on the next one the server is so many entries ahead, and replays them.
    Cut(u64),
    /// As that, but too much was missed.
    Gap(u64),
    /// The reader comes to the end, or leaves it.
    AtEnd(bool),
}

/// A client of a log.
struct Client<'a> {
    log: &'a Log,
    transcript: Transcript,
    on_their_way: Vec<(Ask, HistoryPage)>,
    told: Seq,
}

impl Client<'_> {
    fn ahead(&self, by: u64) -> Seq {
        (self.told + by).min(self.log.head())
    }

    fn come(&mut self, comes: &Comes) {
        match comes {
            Comes::Live(many) => {
                let last = self.log.head().min(self.told.saturating_add(*many as Seq));
                while self.told < last {
                    self.told += 1;
                    self.log.tell(&mut self.transcript, self.told, self.told);
                }
            }
            Comes::Again(place) => {
                let first = self.transcript.acts_known_after() + 1;
                if first <= self.told {
                    let seq = first + *place as Seq % (self.told - first + 1);
                    let as_of = seq.max(self.transcript.head);
                    self.log.tell(&mut self.transcript, seq, as_of);
                }
            }
            Comes::Asked(ahead) => {
                if let Some(ask) = self.transcript.ask() {
                    let page = self.log.page(ask.before.as_deref(), self.ahead(*ahead));
                    self.on_their_way.push((ask, page));
                }
            }
            Comes::Arrives(place) => {
                if !self.on_their_way.is_empty() {
                    let (ask, page) = self.on_their_way.remove(place % self.on_their_way.len());
                    self.transcript.page(&ask, page);
                }
            }
            Comes::Cut(ahead) => {
                let (after, head) = (self.told, self.ahead(*ahead));
                self.transcript.welcome(MemberId("me".into()), head);
                for seq in after + 1..=head {
                    self.log.tell(&mut self.transcript, seq, head);
                }
                self.told = head;
            }
            Comes::Gap(ahead) => {
                let head = self.ahead(*ahead);
                self.transcript.welcome(MemberId("me".into()), head);
                self.transcript.gap(head);
                self.told = head;
            }
            Comes::AtEnd(at_end) => self.transcript.set_at_end(*at_end),
        }
    }

    /// Hears everything, reads everything, and what came back again.
    fn settle(&mut self) {
        self.come(&Comes::Live(usize::MAX));
        while !self.on_their_way.is_empty() {
            self.come(&Comes::Arrives(0));
        }
        let head = self.log.head();
        while let Some(ask) = self.transcript.ask() {
            let page = self.log.page(ask.before.as_deref(), head);
            self.transcript.page(&ask, page);
        }
        let mut before = None;
        while self.transcript.returning().is_some() {
            let page = self.log.page(before.as_deref(), head);
            before.clone_from(&page.next);
            assert!(self.transcript.read_again(page), "it is of this moment");
            assert!(
                before.is_some() || self.transcript.returning().is_none(),
                "all were read"
            );
        }
    }

    /// No line says anything that fans may not see.
    fn says_nothing_hidden(&self) -> bool {
        self.transcript.lines.iter().all(|line| {
            let as_of = line.as_of.max(self.told);
            line.message.body.is_none() || line.message == self.log.message(line.message.seq, as_of)
        })
    }

    fn unread(&self) -> usize {
        let counts = |line: &&Arc<Line>| {
            line.message.seq > self.transcript.seen && !line.message.hidden && !self.transcript.is_mine(&line.message)
        };
        self.transcript.lines.iter().filter(counts).count()
    }
}

impl Transcript {
    fn acts_known_after(&self) -> Seq {
        self.cursor.unwrap_or(0).min(self.live_from)
    }
}

fn happens() -> impl Strategy<Value = Happens> {
    let (member, place) = (0..MEMBERS.len(), 0..1_000_usize);
    prop_oneof![
        8 => member.clone().prop_map(Happens::Said),
        2 => place.clone().prop_map(Happens::Hide),
        2 => place.clone().prop_map(Happens::Unhide),
        1 => member.clone().prop_map(Happens::Ban),
        1 => member.clone().prop_map(Happens::Unban),
        1 => (member.clone(), 0..30_u64).prop_map(|(member, reach)| Happens::Clear(member, reach)),
        1 => place.prop_map(Happens::Unclear),
        1 => member.prop_map(Happens::Rename),
    ]
}

fn comes() -> impl Strategy<Value = Comes> {
    prop_oneof![
        4 => (1..6_usize).prop_map(Comes::Live),
        2 => (0..1_000_usize).prop_map(Comes::Again),
        3 => (0..9_u64).prop_map(Comes::Asked),
        3 => (0..9_usize).prop_map(Comes::Arrives),
        1 => (0..9_u64).prop_map(Comes::Cut),
        1 => (0..9_u64).prop_map(Comes::Gap),
        1 => any::<bool>().prop_map(Comes::AtEnd),
    ]
}

fn client(log: &Log, head: Seq) -> Client<'_> {
    let mut transcript = Transcript::new(None);
    transcript.welcome(MemberId("me".into()), head.min(log.head()));
    Client {
        log,
        transcript,
        on_their_way: Vec::new(),
        told: head.min(log.head()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_comes_in_whatever_order_a_fan_sees_what_fans_may_see(
        happenings in proptest::collection::vec(happens(), 1..70),
        head in 0..60_u64,
        coming in proptest::collection::vec(comes(), 0..50),
    ) {
        let log = Log::of(&happenings);
        let mut client = client(&log, head);
        for comes in &coming {
            client.come(comes);
            prop_assert!(client.says_nothing_hidden(), "after {comes:?}");
        }
        client.settle();
        let shown: Vec<Message> = client.transcript.lines.iter().map(|line| line.message.clone()).collect();
        let wanted: Vec<Message> = log.messages().iter().map(|seq| log.message(*seq, log.head())).collect();
        prop_assert_eq!(shown, wanted);
    }

    #[test]
    fn what_is_hidden_or_comes_back_is_counted_with_what_is_unread(
        happenings in proptest::collection::vec(happens(), 1..70),
    ) {
        let log = Log::of(&happenings);
        let mut client = client(&log, 0);
        client.transcript.set_at_end(false);
        for _ in 0..log.head() {
            client.come(&Comes::Live(1));
            prop_assert_eq!(client.transcript.unread(), client.unread());
        }
        client.settle();
        prop_assert_eq!(client.transcript.unread(), client.unread());
    }
}

fn said(many: usize) -> Vec<Happens> {
    vec![Happens::Said(0); many]
}

#[test]
fn a_page_on_its_way_does_not_bring_back_what_was_hidden_meanwhile() {
    let log = Log::of(&[said(3), vec![Happens::Hide(1), Happens::Ban(0)]].concat());
    let mut client = client(&log, 3);
    client.come(&Comes::Asked(0));
    client.come(&Comes::Live(1));
    client.come(&Comes::Arrives(0));
    let texts = |client: &Client| -> Vec<bool> {
        client
            .transcript
            .lines
            .iter()
            .map(|line| line.message.body.is_some())
            .collect()
    };
    assert_eq!(texts(&client), [true, false, true]);
    client.come(&Comes::Live(1));
    assert_eq!(texts(&client), [false, false, false]);
}

#[test]
fn a_page_from_before_the_acts_that_are_remembered_is_asked_for_again() {
    let hides = (0..=acts::ACTS_KEPT).map(Happens::Hide).collect();
    let log = Log::of(&[said(acts::ACTS_KEPT + 1), hides].concat());
    let head = acts::ACTS_KEPT as Seq + 1;
    let mut client = client(&log, head);
    let ask = client.transcript.ask().expect("unread");
    client.come(&Comes::Live(usize::MAX));
    assert_eq!(client.transcript.page(&ask, log.page(None, head)), Merged::Stale);
    assert_eq!(
        client.transcript.page(&ask, log.page(None, log.head())),
        Merged::Extended
    );
}

#[test]
fn the_staff_keep_the_text_of_what_is_hidden() {
    let log = Log::of(&[said(2), vec![Happens::Ban(0)]].concat());
    let mut client = client(&log, 0);
    client.transcript.keeps_hidden = true;
    client.come(&Comes::Live(3));
    for line in client.transcript.lines() {
        assert!(line.message.hidden && line.message.body.is_some());
    }
}

#[test]
fn where_tombstones_are_gone_they_take_no_place() {
    let log = Log::of(&[said(3), vec![Happens::Hide(1), Happens::Unhide(1)]].concat());
    let mut client = client(&log, 0);
    client.transcript.tombstones = Tombstones::Gone;
    let shown =
        |client: &Client| -> Vec<Seq> { client.transcript.shown().iter().map(|line| line.message.seq).collect() };
    client.come(&Comes::Live(4));
    assert_eq!(shown(&client), [1, 3]);
    client.come(&Comes::Live(1));
    assert_eq!(shown(&client), [1, 2, 3]);
}

#[test]
fn what_comes_back_is_read_again_from_what_is_in_the_page_only() {
    let log = Log::of(&[said(60), vec![Happens::Ban(0), Happens::Unban(0)]].concat());
    let mut client = client(&log, 0);
    client.come(&Comes::Live(61));
    assert_eq!(client.transcript.returning(), None, "banned, they stay away");
    client.come(&Comes::Live(1));
    assert_eq!(client.transcript.returning(), Some(1));
    client.transcript.forget_before(51);
    assert_eq!(client.transcript.returning(), Some(51));
    client.settle();
    assert!(client.transcript.is_whole() && client.transcript.lines.len() == 60);
}
