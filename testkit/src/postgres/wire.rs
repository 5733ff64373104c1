//! As much of Postgres's protocol as asking a test's questions takes: trusted login over the Unix socket and
//! simple queries. So that the kit needs neither psql nor an async runtime.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Protocol 3.0.
const VERSION: i32 = 196_608;
const LIMIT: Duration = Duration::from_secs(120);

/// A row of a result: every value as Postgres prints it, None for NULL.
pub type Row = Vec<Option<String>>;

/// A logged-in connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
}

impl Connection {
    pub(super) fn open(socket: &Path, user: &str, database: &str) -> Result<Connection, String> {
        let stream = UnixStream::connect(socket).map_err(|error| format!("{}: {error}", socket.display()))?;
        stream
            .set_read_timeout(Some(LIMIT))
            .map_err(|error| error.to_string())?;
        let mut connection = Connection { stream };
        let mut hello = VERSION.to_be_bytes().to_vec();
        for word in ["user", user, "database", database, ""] {
            hello.extend_from_slice(word.as_bytes());
            hello.push(0);
        }
        connection.send(None, &hello).map_err(|error| error.to_string())?;
        connection.answer()?;
        Ok(connection)
    }

    /// Runs statements and returns the rows of all of them.
    pub(super) fn query(&mut self, sql: &str) -> Result<Vec<Row>, String> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body).map_err(|error| error.to_string())?;
        self.answer()
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
        let length = i32::try_from(body.len() + 4).map_err(io::Error::other)?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message)
    }

    /// Reads messages until the server is ready for the next query.
    fn answer(&mut self) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        let mut refusal = None;
        loop {
            let (kind, body) = self.receive().map_err(|error| match refusal.take() {
                // A refused login ends without becoming ready.
                Some(message) => message,
                None => format!("the connection broke: {error}"),
            })?;
            match kind {
                b'R' if body != [0; 4] => return Err("the server wants a password".to_owned()),
                b'D' => rows.push(row(&body).ok_or("a row is damaged")?),
                b'E' => refusal = Some(message(&body)),
                b'Z' => return refusal.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }

    fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length.saturating_sub(4)];
        self.stream.read_exact(&mut body)?;
        Ok((head[0], body))
    }
}

fn row(body: &[u8]) -> Option<Row> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut row = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        // A negative length is NULL.
        let value = match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (value, after) = rest.split_at_checked(length)?;
                rest = after;
                Some(String::from_utf8_lossy(value).into_owned())
            }
            Err(_) => None,
        };
        row.push(value);
    }
    Some(row)
}

/// The human part of an error: the fields are a letter and text, each ended by NUL.
fn message(body: &[u8]) -> String {
    let text = body
        .split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(text.unwrap_or(b"an error without a message")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_text_and_null() {
        assert_eq!(
            row(b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff"),
            Some(vec![Some("ab".to_owned()), None])
        );
        assert_eq!(row(b"\0\x01\0\0\0\x09ab"), None);
    }

    #[test]
    fn an_error_is_told_by_its_message() {
        assert_eq!(
            message(b"SERROR\0C42P01\0Mrelation \"x\" does not exist\0\0"),
            "relation \"x\" does not exist"
        );
    }
}
