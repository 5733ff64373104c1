//! Postgres's binary `COPY` format: a header, then fields of length and bytes, then a trailer.

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

#[derive(Debug)]
pub(super) struct Encoder {
    bytes: Vec<u8>,
    fields: i16,
}

impl Encoder {
    /// Room for this many rows of these columns, which are separated by commas.
    pub(super) fn new(columns: &str, rows: usize, bytes_per_row: usize) -> Self {
        let fields = columns.split(',').count() as i16;
        let mut bytes = Vec::with_capacity(HEADER.len() + rows * bytes_per_row + 2);
        bytes.extend_from_slice(HEADER);
        Self { bytes, fields }
    }

    /// Starts a row; its fields follow.
    pub(super) fn row(&mut self) {
        self.bytes.extend_from_slice(&self.fields.to_be_bytes());
    }

    fn field<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes.extend_from_slice(&(N as i32).to_be_bytes());
        self.bytes.extend_from_slice(&bytes);
    }

    pub(super) fn bigint(&mut self, value: i64) {
        self.field(value.to_be_bytes());
    }

    pub(super) fn integer(&mut self, value: i32) {
        self.field(value.to_be_bytes());
    }

    pub(super) fn smallint(&mut self, value: i16) {
        self.field(value.to_be_bytes());
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.field([u8::from(value)]);
    }

    pub(super) fn uuid(&mut self, value: uuid::Uuid) {
        self.field(value.into_bytes());
    }

    pub(super) fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
    }

    /// A clean text.
    pub(super) fn text(&mut self, value: &str) {
        let length = i32::try_from(value.len()).expect("no message of a batch is that long");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// NULL for an empty text.
    pub(super) fn text_or_null(&mut self, value: &str) {
        if value.is_empty() {
            self.null();
        } else {
            self.text(value);
        }
    }

    /// NULL for 0.
    pub(super) fn bigint_or_null(&mut self, value: i64) {
        if value == 0 {
            self.null();
        } else {
            self.bigint(value);
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&(-1i16).to_be_bytes());
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_length_before_them() {
        let mut encoder = Encoder::new("a, b, c", 1, 16);
        encoder.row();
        encoder.smallint(258);
        encoder.text_or_null("");
        encoder.text("ab");
        let expected = [
            HEADER,
            &[0, 3],
            &[0, 0, 0, 2, 1, 2],
            &[255, 255, 255, 255],
            &[0, 0, 0, 2, b'a', b'b'],
            &[255, 255],
        ]
        .concat();
        assert_eq!(encoder.finish(), expected);
    }
}
