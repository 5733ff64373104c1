//! The protobuf wire format as far as columns need it: written directly, so that a row costs no allocation.

pub(crate) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends the key and length of a length-delimited field.
pub(crate) fn header(field: u32, length: usize, out: &mut Vec<u8>) {
    varint(u64::from(field) << 3 | 2, out);
    varint(length as u64, out);
}

pub(crate) fn header_len(field: u32, length: usize) -> usize {
    let bytes = |number: u64| (64 - (number | 1).leading_zeros() as usize).div_ceil(7);
    bytes(u64::from(field) << 3) + bytes(length as u64)
}

/// A column of texts: `repeated string`.
#[derive(Debug, Default)]
pub(crate) struct TextColumn {
    bytes: Vec<u8>,
}

impl TextColumn {
    pub(crate) fn push(&mut self, field: u32, text: &str) {
        header(field, text.len(), &mut self.bytes);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn part(&self) -> Part<'_> {
        Part::Fields(&self.bytes)
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A part of a message that is ready but for its place in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// A packed column with its field number.
    Packed(u32, &'a [u8]),
    /// Whole fields, keys included.
    Fields(&'a [u8]),
}

/// Packed columns of one message, `repeated` of any integer type or bool: each at its field number, below `N`.
#[derive(Debug)]
pub(crate) struct PackedColumns<const N: usize>([Vec<u8>; N]);

impl<const N: usize> Default for PackedColumns<N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Vec::new()))
    }
}

impl<const N: usize> PackedColumns<N> {
    /// Appends a number to the column of a field.
    pub(crate) fn push(&mut self, field: usize, number: u64) {
        varint(number, &mut self.0[field]);
    }

    /// As `sint64`.
    pub(crate) fn push_signed(&mut self, field: usize, number: i64) {
        self.push(field, ((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn bytes(&self, field: usize) -> usize {
        self.0[field].len()
    }

    /// The columns that are not empty.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let columns = (0..).zip(&self.0).filter(|(_, column)| !column.is_empty());
        columns.map(|(field, column)| Part::Packed(field, column))
    }

    /// Empties the columns and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.0.iter_mut().for_each(Vec::clear);
    }
}

impl Part<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Packed(field, bytes) => header_len(*field, bytes.len()) + bytes.len(),
            Self::Fields(bytes) => bytes.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Packed(field, bytes) => {
                header(*field, bytes.len(), out);
                out.extend_from_slice(bytes);
            }
            Self::Fields(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// How long a message of these parts is.
pub(crate) fn message_len(parts: &[Part<'_>]) -> usize {
    parts.iter().map(Part::len).sum()
}

/// Appends a message of these parts as a field of another.
pub(crate) fn message(field: u32, parts: &[Part<'_>], out: &mut Vec<u8>) {
    header(field, message_len(parts), out);
    for part in parts {
        part.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_what_is_written() {
        for field in [1, 15, 16, 2047, 2048] {
            for length in [0, 127, 128, 16_383, 16_384, 1 << 30] {
                let mut out = Vec::new();
                header(field, length, &mut out);
                assert_eq!(out.len(), header_len(field, length), "{field} {length}");
            }
        }
    }
}
