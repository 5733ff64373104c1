//! Segments cut and damaged at every byte, and those of earlier versions.

use super::*;

fn segment(first: u64, records: &[&[u8]]) -> Vec<u8> {
    let mut segment = START.to_vec();
    for (sequence, bytes) in (first..).zip(records) {
        let cover = [sequence as u8; 3];
        segment.extend_from_slice(&header(bytes, crc32c::crc32c(bytes), sequence, &cover));
        segment.extend_from_slice(bytes);
        segment.extend_from_slice(&cover);
    }
    segment
}

/// A segment as version 1 wrote it.
fn old_segment(first: u64, records: &[&[u8]]) -> Vec<u8> {
    let mut segment = MARK.to_vec();
    segment.push(1);
    for (sequence, bytes) in (first..).zip(records) {
        segment.extend_from_slice(&header(bytes, crc32c::crc32c(bytes), sequence, &[])[..OLD_HEADER_BYTES]);
        segment.extend_from_slice(bytes);
    }
    segment
}

fn scan(segment: &[u8], first: u64) -> SegmentScan {
    super::scan(segment, first).unwrap()
}

fn sequences(scan: &SegmentScan) -> Vec<u64> {
    let intact = scan.records.iter().filter(|found| found.is_intact);
    intact.map(|found| found.sequence).collect()
}

const RECORDS: [&[u8]; 4] = [b"one", b"", b"three three three", b"4"];

#[test]
fn a_segment_cut_anywhere_keeps_its_whole_records() {
    for (segment, start) in [
        (segment(7, &RECORDS), START_BYTES),
        (old_segment(7, &RECORDS), MARKED_BYTES),
    ] {
        let ends: Vec<usize> = scan(&segment, 7).records.iter().map(Found::end).collect();
        for length in 0..=segment.len() {
            let scan = scan(&segment[..length], 7);
            let whole = ends.iter().filter(|end| **end <= length).count() as u64;
            assert_eq!(sequences(&scan), (7..7 + whole).collect::<Vec<_>>(), "{length}");
            let at_an_end = length == 0 || length == start || ends.contains(&length);
            let tail = if at_an_end {
                SegmentTail::Whole
            } else {
                SegmentTail::Cut
            };
            assert_eq!(scan.tail, tail, "{length}");
        }
    }
}

#[test]
fn covers_come_back() {
    let segment = segment(7, &RECORDS);
    for found in scan(&segment, 7).records {
        assert_eq!(segment[found.cover], [found.sequence as u8; 3]);
    }
}

#[test]
fn earlier_versions_are_read() {
    let old = old_segment(7, &RECORDS);
    for segment in [&old[..], &old[MARKED_BYTES..]] {
        let scan = scan(segment, 7);
        assert_eq!((sequences(&scan), scan.is_newest), ((7..11).collect(), false));
        assert_eq!(scan.tail, SegmentTail::Whole);
    }
}

#[test]
fn an_unknown_version_is_named() {
    let mut segment = segment(7, &RECORDS);
    segment[MARK.len()] = 7;
    segment[MARKED_BYTES + MARK.len()] = 7;
    let error = super::scan(&segment, 7).unwrap_err();
    assert_eq!(error, UnknownVersion(7));
    assert!(
        error
            .to_string()
            .starts_with("spool segment version 7 is not supported by this heavy-agent")
    );
}

#[test]
fn a_flipped_bit_costs_its_own_record_only() {
    let segment = segment(7, &RECORDS);
    let whole = scan(&segment, 7).records;
    for place in 0..segment.len() {
        for bit in 0..8 {
            let mut damaged = segment.clone();
            damaged[place] ^= 1 << bit;
            let scan = scan(&damaged, 7);
            if place < START_BYTES {
                assert_eq!(scan.records, whole, "byte {place} bit {bit}");
                continue;
            }
            let hit = whole.iter().position(|found| place < found.end()).unwrap();
            let expected: Vec<u64> = whole.iter().map(|found| found.sequence).collect();
            let expected: Vec<u64> = expected.into_iter().filter(|n| *n != 7 + hit as u64).collect();
            assert_eq!(sequences(&scan), expected, "byte {place} bit {bit}");
            let batch = whole[hit].offset..whole[hit].offset + whole[hit].length;
            let known = if batch.contains(&place) { 4 } else { 3 };
            assert_eq!(scan.records.len(), known, "byte {place} bit {bit}");
        }
    }
}

#[test]
fn every_byte_of_64_kib_can_be_flipped_or_cut() {
    let batches: Vec<Vec<u8>> = (0..16).map(|n| vec![n; 4080 + usize::from(n)]).collect();
    let batches: Vec<&[u8]> = batches.iter().map(Vec::as_slice).collect();
    let mut segment = segment(1, &batches);
    assert!(segment.len() >= 64 << 10);
    let whole = scan(&segment, 1).records;
    for place in 0..segment.len() {
        let intact_before = whole.iter().filter(|found| found.end() <= place).count();
        assert_eq!(
            sequences(&scan(&segment[..place], 1)).len(),
            intact_before,
            "cut at {place}"
        );
        segment[place] ^= 1 << (place % 8);
        let found = sequences(&scan(&segment, 1)).len();
        segment[place] ^= 1 << (place % 8);
        assert_eq!(found, 16 - usize::from(place >= START_BYTES), "byte {place}");
    }
}

#[test]
fn a_flipped_bit_of_version_1_costs_its_own_record_only() {
    let segment = old_segment(7, &RECORDS);
    let whole = scan(&segment, 7).records;
    for place in MARKED_BYTES..segment.len() {
        let mut damaged = segment.clone();
        damaged[place] ^= 1 << (place % 8);
        let hit = whole.iter().position(|found| place < found.end()).unwrap() as u64 + 7;
        let expected: Vec<u64> = (7..11).filter(|sequence| *sequence != hit).collect();
        assert_eq!(sequences(&scan(&damaged, 7)), expected, "byte {place}");
    }
}
