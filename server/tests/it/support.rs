//! A server of one's own for every test, and the people who come to it.

mod chat;
mod command;
mod visitor;

pub use chat::{Line, say, tell};
pub use command::CommandLine;
pub use visitor::{Answer, Visitor};

use std::future::Future;
use std::time::Duration;

use server::auth::codes;
use server::auth::origin::AllowedOrigins;
use server::auth::secret::Secrets;
use server::capacity::Limits;
use server::clock;
use server::config::{Config, ProvisionerMode};
use server::process::Process;
use server::room::SendLimits;
use server::store::{BATCH_ROWS, Batch, Event, NewEvent, NewTicket, RoleChange, Store};
use tempfile::TempDir;
use wire::http::Tombstones;
use wire::{MemberId, Role};

/// How long a test waits for something that is bound to come.
pub const SOON: Duration = Duration::from_secs(10);

pub const HOUR: u64 = 60 * 60 * 1000;

/// A running server with its own data folder.
pub struct TestServer {
    folder: TempDir,
    config: Config,
    process: Option<Process>,
}

/// The configuration of a test: everything of a default server but its provisioner, which tests run themselves.
pub fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        origins: AllowedOrigins::default(),
        trusted_proxies: Vec::new(),
        provisioner: ProvisionerMode::Off,
        send_limits: SendLimits {
            burst: 5,
            per_second: 1,
        },
        capacity: Limits::default(),
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub async fn start_with(config: Config) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Self {
            folder,
            config,
            process: None,
        };
        server.restart().await;
        server
    }

    /// Stops in order, if it runs, and starts again on the same data and port.
    pub async fn restart(&mut self) {
        self.stop().await;
        let (store, secrets) = open(self.folder.path()).await;
        let process = Process::start(store, secrets, self.config.clone())
            .await
            .expect("starts");
        self.config.listen = process.address();
        self.process = Some(process);
    }

    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("running")
    }

    pub fn store(&self) -> &Store {
        &self.process().state().store
    }

    pub fn data(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.process().address())
    }

    /// Somebody with a browser of their own, who has not shown a ticket yet.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.origin())
    }

    /// An event that is open now.
    pub async fn event(&self, slug: &str) -> Event {
        self.announce(open_now(slug)).await
    }

    pub async fn announce(&self, new: NewEvent) -> Event {
        self.store()
            .create_event(&new, clock::now())
            .await
            .expect("announces")
            .expect("a new slug");
        self.store()
            .event_by_slug(&new.slug)
            .await
            .expect("reads")
            .expect("is there")
    }

    /// Tickets with their accounts; their codes.
    pub async fn issue(&self, event: &Event, role: Role, count: usize) -> Vec<String> {
        let codes = self.sell(event, role, count).await;
        self.provision().await;
        codes
    }

    /// One ticket with its account.
    pub async fn issue_one(&self, event: &Event) -> String {
        self.issue(event, Role::Fan, 1).await.concat()
    }

    /// Tickets whose accounts are still to be made; their codes.
    pub async fn sell(&self, event: &Event, role: Role, count: usize) -> Vec<String> {
        let codes: Vec<String> = (0..count).map(|_| codes::issue(role)).collect();
        for batch in codes.chunks(BATCH_ROWS) {
            let tickets: Vec<NewTicket> = batch.iter().map(|code| self.ticket(event, role, code)).collect();
            self.store()
                .add_tickets(event.id, &tickets, clock::now())
                .await
                .expect("stores tickets");
        }
        codes
    }

    fn ticket(&self, event: &Event, role: Role, code: &str) -> NewTicket {
        let folded = codes::fold(code);
        let secrets = &self.process().state().secrets;
        NewTicket {
            hash: secrets.hash_code(event.id, &folded),
            length: folded.len(),
            role,
            reference: None,
        }
    }

    /// Makes the accounts that are missing, here and now.
    pub async fn provision(&self) {
        let turn = eventually("the provisioner's turn", || async {
            self.store()
                .take_turn("the test", clock::now())
                .await
                .expect("asks for the turn")
        });
        let turn = turn.await;
        let make = || self.store().make_accounts(&turn, 500, codes::new_member, clock::now());
        while let Batch::Made(_) = make().await.expect("makes accounts") {}
    }

    /// Somebody who sits in the event, by a ticket of their own.
    pub async fn seated(&self, event: &Event, role: Role) -> Visitor {
        let code = self.issue(event, role, 1).await.concat();
        let visitor = self.visitor();
        visitor.admit(&event.slug, &code).await.ok();
        visitor
    }

    /// A fan with a nickname.
    pub async fn fan(&self, event: &Event, nickname: &str) -> Visitor {
        let fan = self.seated(event, Role::Fan).await;
        fan.call_me(&event.slug, nickname).await.ok();
        fan
    }

    /// A moderator with a nickname.
    pub async fn moderator(&self, event: &Event, nickname: &str) -> Visitor {
        let moderator = self.seated(event, Role::Moderator).await;
        moderator.call_me(&event.slug, nickname).await.ok();
        moderator
    }

    /// The member behind a seated visitor.
    pub async fn member(&self, event: &Event, visitor: &Visitor) -> MemberId {
        let admission = visitor.get(&format!("/api/events/{}/admission", event.slug)).await.ok();
        MemberId(admission["member"].as_str().expect("a member").to_owned())
    }

    /// Makes a fan of a moderator, or a moderator of a fan.
    pub async fn change_role(&self, event: &Event, visitor: &Visitor, role: Role) {
        let member = self.member(event, visitor).await;
        let no_code = [0; 32];
        let ticket = self.store().find_ticket(event.id, &no_code, &member).await;
        let ticket = ticket.expect("reads").expect("a ticket");
        let changed = self.store().change_role(event.id, ticket, role, clock::now()).await;
        assert!(matches!(changed, Ok(RoleChange::Changed { .. })), "{changed:?}");
    }

    /// Takes away the right of the ticket with this code.
    pub async fn revoke(&self, event: &Event, code: &str) {
        let hash = self.process().state().secrets.hash_code(event.id, &codes::fold(code));
        let ticket = self
            .store()
            .ticket_by_code(event.id, &hash)
            .await
            .expect("reads")
            .expect("a ticket");
        self.store()
            .revoke_ticket(event.id, ticket.id, clock::now())
            .await
            .expect("revokes");
        self.process().state().rooms.nudge();
    }
}

/// Opens a data folder as the commands do.
pub async fn open(folder: &std::path::Path) -> (Store, Secrets) {
    let secrets = Secrets::open(folder).expect("a key");
    let store = Store::open(&folder.join("frontrow.db")).await.expect("a database");
    store.bind_key(secrets.fingerprint()).await.expect("the right key");
    (store, secrets)
}

pub fn open_now(slug: &str) -> NewEvent {
    let now = clock::now();
    NewEvent {
        slug: slug.to_owned(),
        title: "Salt & Streetlight".to_owned(),
        artist: "Vesna Oduya".to_owned(),
        doors_at: now - HOUR,
        starts_at: now - HOUR / 2,
        ends_at: None,
        stream: Some("https://cdn.example.org/live.m3u8".to_owned()),
        chat: true,
        tombstones: Tombstones::Shown,
        reactions: server::reactions::house(),
    }
}

/// Asks again until there is an answer, and not for ever.
#[track_caller]
pub fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    let place = std::panic::Location::caller();
    let what = what.to_owned();
    async move {
        let asked = async {
            loop {
                if let Some(answer) = ask().await {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let answer = tokio::time::timeout(SOON, asked).await;
        answer.unwrap_or_else(|_| panic!("{what} did not come within {SOON:?}, at {place}"))
    }
}
