//! The types that both sides of Frontrow speak: frames of the socket, bodies of the HTTP calls, ids, limits, close
//! codes, text rules. Pure: no I/O and no clock. `docs/protocol.md` tells what they mean.

pub mod close;
pub mod code;
pub mod counts;
pub mod frame;
pub mod http;
pub mod id;
pub mod limits;
pub mod member;
pub mod moderation;
pub mod problem;
pub mod stage;
#[cfg(feature = "text")]
pub mod text;

pub use close::CloseCode;
pub use counts::Counts;
pub use frame::{ClientFrame, Received, Refusal, RoomState, ServerFrame};
pub use id::{MemberId, Seq, UnixMillis};
pub use member::{Capability, ChatState, Phase, Role};
pub use problem::{Problem, ProblemCode};
