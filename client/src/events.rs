//! Server-sent events: bytes in, events out. Pure.

use super::http::MOST_BYTES;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServerSentEvent {
    /// Its data, lines joined by newlines.
    pub(super) data: String,
    /// The last id that was sent, with this event or before it.
    pub(super) id: Option<String>,
}

/// A line is longer than [`MOST_BYTES`], or an event's data is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Cuts a stream into events. Comments and fields that heavy does not send are skipped.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// A newline that follows ends no line of its own.
    after_return: bool,
    event: ServerSentEvent,
    has_data: bool,
}

impl Events {
    /// The events that end in these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<ServerSentEvent>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            let ends = match byte {
                b'\n' if self.after_return => {
                    self.after_return = false;
                    continue;
                }
                b'\n' | b'\r' => true,
                _ => false,
            };
            self.after_return = *byte == b'\r';
            if ends {
                let line = std::mem::take(&mut self.line);
                events.extend(self.line(&String::from_utf8_lossy(&line))?);
            } else if self.line.len() < MOST_BYTES {
                self.line.push(*byte);
            } else {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    /// The event that a line ends: an empty line after data does.
    fn line(&mut self, line: &str) -> Result<Option<ServerSentEvent>, TooLong> {
        if line.is_empty() {
            if !std::mem::take(&mut self.has_data) {
                return Ok(None);
            }
            let data = std::mem::take(&mut self.event.data);
            let id = self.event.id.clone();
            return Ok(Some(ServerSentEvent { data, id }));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" if self.event.data.len() + value.len() > MOST_BYTES => return Err(TooLong),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str, id: Option<&str>) -> ServerSentEvent {
        ServerSentEvent {
            data: data.to_owned(),
            id: id.map(str::to_owned),
        }
    }

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        let stream = ": hello\n\nid: a-1\ndata: {\"x\":\ndata:1}\n\nevent: other\r\ndata: two\r\n\r\nid: a-2\n\ndata\n\n";
        let expected = [
            event("{\"x\":\n1}", Some("a-1")),
            event("two", Some("a-1")),
            event("", Some("a-2")),
        ];
        for size in [1, 2, 7, stream.len()] {
            let mut events = Events::default();
            let cut = stream.as_bytes().chunks(size);
            let found: Vec<ServerSentEvent> = cut.flat_map(|bytes| events.push(bytes).unwrap()).collect();
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn an_event_that_was_not_ended_is_none() {
        assert_eq!(Events::default().push(b"data: x\n"), Ok(Vec::new()));
    }

    #[test]
    fn endless_lines_and_endless_data_are_refused() {
        assert_eq!(Events::default().push(&vec![b'x'; MOST_BYTES + 1]), Err(TooLong));
        let line = format!("data: {}\n", "x".repeat(MOST_BYTES / 2));
        let mut events = Events::default();
        assert_eq!(events.push(line.repeat(2).as_bytes()), Ok(Vec::new()));
        assert_eq!(events.push(line.as_bytes()), Err(TooLong));
    }
}
