//! The one secret of an installation: 32 random bytes, made at first start in the data folder and readable by its owner
//! alone. Every use has a key of its own, derived from it, so that no use can stand in for another.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The file in the data folder.
pub const KEY_FILE: &str = "secret.key";

/// Length of the key, in bytes: as much as SHA-256 can use.
const KEY_BYTES: usize = 32;

/// A keyed hash of a ticket's folded code, in its event.
pub type CodeHash = [u8; 32];

pub(super) type HmacSha256 = Hmac<Sha256>;

/// Why there is no key to work with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or made.
    #[error("the key file {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is not a key.
    #[error("the key file {path} holds {length} bytes where {KEY_BYTES} belong: put the right file back")]
    Length {
        /// The file.
        path: PathBuf,
        /// What it holds, in bytes.
        length: usize,
    },
    /// Others can read it.
    #[error("the key file {path} can be read by others: run chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
    },
}

/// The keys. Cheap to clone; never shown.
#[derive(Clone)]
pub struct Secrets(Arc<Keys>);

struct Keys {
    /// Ready for each use: a key takes two rounds of the hash to set up.
    codes: HmacSha256,
    credentials: HmacSha256,
    fingerprint: [u8; 32],
}

impl Secrets {
    /// Reads the key of a data folder; makes it when there is none.
    pub fn open(folder: &Path) -> Result<Self, SecretError> {
        let path = folder.join(KEY_FILE);
        let failed = |cause| SecretError::File {
            path: path.clone(),
            cause,
        };
        match fs::metadata(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => make(folder, &path).map_err(failed)?,
            Err(cause) => return Err(failed(cause)),
            Ok(_) => {}
        }
        let mode = fs::metadata(&path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SecretError::Open { path });
        }
        let bytes = fs::read(&path).map_err(failed)?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
        key.map(|key| Self::from_key(&key)).map_err(|_| SecretError::Length {
            path,
            length: bytes.len(),
        })
    }

    /// The keys derived from a given one.
    pub fn from_key(key: &[u8; KEY_BYTES]) -> Self {
        Self(Arc::new(Keys {
            codes: mac(&derive(key, b"frontrow/ticket-code/1")),
            credentials: mac(&derive(key, b"frontrow/credential/1")),
            fingerprint: derive(key, b"frontrow/fingerprint/1"),
        }))
    }

    /// Tells keys apart without telling the key.
    pub fn fingerprint(&self) -> &[u8] {
        &self.0.fingerprint
    }

    /// The hash under which a folded code is stored.
    pub fn hash_code(&self, event: i64, folded: &str) -> CodeHash {
        let mut mac = self.0.codes.clone();
        mac.update(&event.to_be_bytes());
        mac.update(folded.as_bytes());
        mac.finalize().into_bytes().into()
    }

    pub(super) fn credential_mac(&self) -> HmacSha256 {
        self.0.credentials.clone()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

fn mac(key: &[u8; 32]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn derive(key: &[u8; KEY_BYTES], purpose: &[u8]) -> [u8; 32] {
    let mut mac = mac(key);
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

/// Makes the key whole under another name and links it into place: a reader never sees half a key, and of two processes
/// that start at once the second keeps the first one's.
fn make(folder: &Path, path: &Path) -> io::Result<()> {
    make_folder(folder)?;
    let draft = folder.join(format!("{KEY_FILE}.{}", super::codes::random_id()));
    let mut key = [0; KEY_BYTES];
    super::codes::fill_random(&mut key);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let written = file.write_all(&key).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    linked?;
    fs::File::open(folder)?.sync_all()
}

/// A data folder that this program makes is its owner's alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Secrets::open(folder.path()).expect("makes a key");
        let again = Secrets::open(folder.path()).expect("reads it");
        assert_eq!(first.fingerprint(), again.fingerprint());
        let mode = fs::metadata(folder.path().join(KEY_FILE))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).expect("lists").count(),
            1,
            "no draft is left"
        );
    }

    #[test]
    fn many_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let fingerprints: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let open = || Secrets::open(folder.path()).expect("opens").fingerprint().to_vec();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("joins"))
                .collect()
        });
        assert!(fingerprints.iter().all(|fingerprint| *fingerprint == fingerprints[0]));
    }

    #[test]
    fn a_file_that_is_no_key_or_that_others_can_read_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(KEY_FILE);
        fs::write(&path, b"short").expect("writes");
        assert!(matches!(Secrets::open(folder.path()), Err(SecretError::Open { .. })));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("chmod");
        assert!(matches!(
            Secrets::open(folder.path()),
            Err(SecretError::Length { length: 5, .. })
        ));
        assert_eq!(fs::read(&path).expect("reads"), b"short");
    }

    #[test]
    fn a_code_is_hashed_differently_in_every_event_and_under_every_key() {
        let keys = Secrets::from_key(&[1; 32]);
        assert_eq!(keys.hash_code(1, "K7QF"), keys.hash_code(1, "K7QF"));
        assert_ne!(keys.hash_code(1, "K7QF"), keys.hash_code(2, "K7QF"));
        assert_ne!(
            keys.hash_code(1, "K7QF"),
            Secrets::from_key(&[2; 32]).hash_code(1, "K7QF")
        );
        assert_eq!(format!("{keys:?}"), "Secrets(..)");
    }
}
