//! The content of files that request flags name: bodies and certificates. All are bounded.

use std::io::Read as _;
use std::path::Path;

use crate::exit::CommandFailure;

/// What a body and a certificate may have: they are stored with the job.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The body that a flag means.
pub(super) fn body_of(text: &str) -> Result<Vec<u8>, CommandFailure> {
    let body = match text.strip_prefix('@') {
        None => text.as_bytes().to_vec(),
        Some("") => {
            return Err(CommandFailure::usage(
                "the body `@` names no file: expected @FILE, or @- for stdin",
            ));
        }
        Some(file) => bytes_of(Path::new(file), "the body")?,
    };
    if body.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large("the body"));
    }
    Ok(body)
}

pub(super) fn text_of(file: &Path, what: &str) -> Result<String, CommandFailure> {
    let text = String::from_utf8(bytes_of(file, what)?);
    text.map_err(|_| {
        CommandFailure::usage(format!(
            "cannot read {what} from {}: it is not text",
            file.display()
        ))
    })
}

/// The content of a file, or of stdin for `-`; one byte more than is allowed, if it is too large.
fn bytes_of(file: &Path, what: &str) -> Result<Vec<u8>, CommandFailure> {
    let failed = |error: std::io::Error| {
        CommandFailure::usage(format!("cannot read {what} from {}: {error}", file.display()))
    };
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        let stdin = std::io::stdin().lock();
        stdin.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        let opened = std::fs::File::open(file).map_err(failed)?;
        opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    }
    .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(&format!("{what} in {}", file.display())));
    }
    Ok(bytes)
}

fn too_large(what: &str) -> CommandFailure {
    CommandFailure::usage(format!(
        "{what} exceeds {} KiB, the most that is stored with a job: write a load test that reads the file (--with)",
        MAX_FILE_BYTES >> 10
    ))
}

/// The certificates of a PEM file that may have the key too.
pub(super) fn certificates_only(pem: &str) -> String {
    let mut is_certificate = false;
    let mut certificates = String::new();
    for line in pem.lines() {
        if line.starts_with("-----BEGIN") {
            is_certificate = line.contains("CERTIFICATE");
        }
        if is_certificate {
            certificates.extend([line, "\n"]);
        }
    }
    certificates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_beside_the_certificate_is_left_out_of_what_is_stored() {
        let pem = "-----BEGIN PRIVATE KEY-----\nk\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n";
        assert_eq!(
            certificates_only(pem),
            "-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n"
        );
    }
}
