//! The hashes by which binaries and files of load tests are known.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};

use sha2::{Digest as _, Sha256};

/// What is read of a file at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// SHA-256 of a file in lower-case hex, and its length in bytes.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256(mut file: &File) -> io::Result<(String, u64)> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), bytes));
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_whole_file_is_hashed_wherever_it_was_read_to() {
        let mut file = tempfile::tempfile().unwrap();
        let content = vec![b'x'; BUFFER_BYTES + 1];
        file.write_all(&content).unwrap();
        let expected = (hex::encode(Sha256::digest(&content)), content.len() as u64);
        assert_eq!(sha256(&file).unwrap(), expected);
        assert_eq!(sha256(&file).unwrap(), expected);
    }
}
