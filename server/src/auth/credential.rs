//! Credentials: short-lived signed tokens that open a socket. `base64url(payload) . base64url(tag)`, the tag an
//! HMAC-SHA256 over the payload's text. They carry what `hello` needs, so that a crowd's return costs no lookups before
//! the signature is known to be right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use serde::{Deserialize, Serialize};
use wire::{Capability, MemberId, Role, UnixMillis};

use super::secret::Secrets;

/// Longest token that is looked at, in bytes; ours are about 250.
const TOKEN_BYTES: usize = 1024;

/// What a credential says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The event it opens.
    #[serde(rename = "e")]
    pub event: i64,
    /// Who comes.
    #[serde(rename = "m")]
    pub member: MemberId,
    /// The member's role when it was made.
    #[serde(rename = "r")]
    pub role: Role,
    /// The lease's epoch when it was made.
    #[serde(rename = "p")]
    pub epoch: i64,
    /// From this moment on it opens nothing.
    #[serde(rename = "x")]
    pub expires_at: UnixMillis,
    /// What the member could do when it was made.
    #[serde(rename = "c")]
    pub capabilities: Vec<Capability>,
}

/// Why a credential opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Not a token of ours.
    #[error("the credential is not one of ours")]
    Forged,
    /// Its time is over.
    #[error("the credential has expired")]
    Expired,
}

impl Secrets {
    /// Signs a credential.
    ///
    /// # Panics
    /// Never: claims always serialize.
    pub fn mint(&self, claims: &Claims) -> String {
        let payload = serde_json::to_vec(claims).expect("claims serialize");
        let mut token = URL_SAFE_NO_PAD.encode(payload);
        let mut mac = self.credential_mac();
        mac.update(token.as_bytes());
        let tag = mac.finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(tag, &mut token);
        token
    }

    /// Reads a credential. The tag is compared in constant time, before anything else is believed.
    pub fn verify(&self, token: &str, now: UnixMillis) -> Result<Claims, CredentialError> {
        let claims = self.read(token).ok_or(CredentialError::Forged)?;
        if now < claims.expires_at {
            Ok(claims)
        } else {
            Err(CredentialError::Expired)
        }
    }

    fn read(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let (payload, tag) = token.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let mut mac = self.credential_mac();
        mac.update(payload.as_bytes());
        mac.verify_slice(&tag).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims() -> Claims {
        Claims {
            event: 7,
            member: MemberId("m1".into()),
            role: Role::Fan,
            epoch: 3,
            expires_at: 1_000,
            capabilities: Role::Fan.capabilities(),
        }
    }

    #[test]
    fn a_credential_counts_until_its_last_moment() {
        let secrets = Secrets::from_key(&[1; 32]);
        let token = secrets.mint(&claims());
        assert_eq!(secrets.verify(&token, 999), Ok(claims()));
        assert_eq!(secrets.verify(&token, 1_000), Err(CredentialError::Expired));
        assert_eq!(
            Secrets::from_key(&[2; 32]).verify(&token, 0),
            Err(CredentialError::Forged)
        );
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let secrets = Secrets::from_key(&[1; 32]);
        let token = secrets.mint(&claims());
        let (payload, tag) = token.split_once('.').expect("two parts");
        for forged in [
            "",
            ".",
            "a.b",
            payload,
            &format!("{payload}."),
            &format!("{payload}.{tag}.x"),
            &"a".repeat(5_000),
        ] {
            assert_eq!(secrets.verify(forged, 0), Err(CredentialError::Forged), "{forged}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_token_passes(at in any::<prop::sample::Index>(), sign in "[A-Za-z0-9_.-]") {
            let secrets = Secrets::from_key(&[1; 32]);
            let token = secrets.mint(&claims());
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &sign);
            // The last sign of base64 may have unused bits; the decoder refuses those spellings.
            prop_assert_eq!(secrets.verify(&changed, 0).is_ok(), changed == token);
        }
    }
}
