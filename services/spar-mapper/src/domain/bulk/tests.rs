#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::{Columns, CutError, Cutter, Format, Limits, Part, TooLong, lane_of, read_part};

const LIMITS: Limits = Limits { part_rows: 3, part_bytes: 1_000, row_bytes: 200 };

#[derive(Debug, Default, PartialEq)]
struct Cut {
    header: Option<Vec<u8>>,
    parts: Vec<Part>,
    too_long: Vec<TooLong>,
    rows: u64,
    error: Option<CutError>,
}

fn cut(format: Format, pieces: &[&[u8]], limits: Limits) -> Cut {
    let mut cutter = Cutter::new(format, limits);
    let mut all = Cut::default();
    let end = pieces.iter().try_for_each(|piece| {
        let pushed = cutter.push(piece);
        all.parts.extend(cutter.take_parts());
        pushed
    });
    all.error = end.and_then(|()| cutter.finish()).err();
    all.parts.extend(cutter.take_parts());
    all.too_long = cutter.take_too_long();
    all.header = cutter.header().map(<[u8]>::to_vec);
    all.rows = cutter.rows();
    all
}

/// Row, line, id, address of each row; the reason where it could not be read.
fn read(format: Format, text: &str) -> Vec<(u64, u64, String, String)> {
    let cut = cut(format, &[text.as_bytes()], LIMITS);
    assert_eq!(cut.error, None, "{text}");
    let columns = cut.header.as_deref().map_or_else(Columns::default, |h| Columns::read(h).unwrap());
    let rows = cut.parts.iter().flat_map(|part| read_part(format, &columns, part));
    rows.map(|row| match row.item {
        Ok(item) => (row.row, row.line, item.id, item.fa.unwrap_or_else(|| "-".to_owned())),
        Err(fault) => (row.row, row.line, fault.column.unwrap_or_default(), fault.reason),
    })
    .collect()
}

fn row(row: u64, line: u64, id: &str, fa: &str) -> (u64, u64, String, String) {
    (row, line, id.to_owned(), fa.to_owned())
}

#[test]
fn a_csv_file_with_quotes_empty_lines_and_a_bad_row() {
    let text = "\u{feff}id,fa,additional_info\r\na,\"x, \"\"1\"\"\n2\",\r\n\r\nb,y,\"[{\"\"n\"\":1}]\"\nc\nd,,no\ne,z,";
    assert_eq!(
        read(Format::Csv, text),
        [
            row(1, 2, "a", "x, \"1\"\n2"),
            row(2, 5, "b", "y"),
            row(3, 6, "", "the row has 1 fields, and the header 3"),
            row(4, 7, "additional_info", "is not a JSON array"),
            row(5, 8, "e", "z"),
        ]
    );
}

#[test]
fn lines_of_json_and_an_array_over_several_lines() {
    let lines =
        "{\"id\":\"a\",\"fa\":\"x\"}\n\n{\"id\":7}\n{\"id\":\"b\"\n{\"id\":\"c\",\"fa\":null,\"more\":1}";
    let read_lines = read(Format::Ndjson, lines);
    assert_eq!(read_lines[0], row(1, 1, "a", "x"));
    assert_eq!((read_lines[1].1, read_lines[1].2.as_str()), (3, "id"), "{read_lines:?}");
    assert!(read_lines[2].3.starts_with("the row is not JSON"), "{read_lines:?}");
    assert_eq!(read_lines[3], row(4, 5, "c", "-"));

    let array = " [\n {\"id\": \"a]\\\"[\",\n  \"fa\": \"x\"}\n, 7, {\"id\":\"b\"}, {\"id\":\"c\"},\n{\"id\":\"d\"}\n] \n";
    let read_array = read(Format::Json, array);
    assert_eq!(read_array[0], row(1, 2, "a]\"[", "x"));
    assert_eq!((read_array[1].0, read_array[1].1), (2, 4), "{read_array:?}");
    assert_eq!(&read_array[2..], [row(3, 4, "b", "-"), row(4, 4, "c", "-"), row(5, 5, "d", "-")]);
    assert_eq!(read(Format::Json, "[]"), []);
    assert_eq!(read(Format::Ndjson, ""), []);
}

#[test]
fn a_file_that_is_no_array_names_the_line_or_says_that_it_ends_early() {
    for (text, line) in [("{}", 1), ("[{}\n{}]", 2), ("[{},\n\n]", 3), ("[] x", 1)] {
        let cut = cut(Format::Json, &[text.as_bytes()], LIMITS);
        assert_eq!(cut.error, Some(CutError::Broken { line }), "{text}");
    }
    for text in ["", "[", "[{}", "[{},", "[{\"a"] {
        assert_eq!(cut(Format::Json, &[text.as_bytes()], LIMITS).error, Some(CutError::Unfinished), "{text}");
    }
}

#[test]
fn a_row_that_is_too_long_is_left_out_and_the_next_ones_are_kept() {
    let long = "x".repeat(5_000);
    let text = format!("id,fa\na,1\n\nb,{long}\nc,3\n");
    let csv = cut(Format::Csv, &[text.as_bytes()], LIMITS);
    assert_eq!((csv.rows, csv.too_long.as_slice()), (3, [TooLong { row: 2, line: 4 }].as_slice()));
    assert_eq!(read(Format::Csv, &text), [row(1, 2, "a", "1"), row(3, 5, "c", "3")]);
    let text = format!("[{{\"id\":\"a\"}},\n\"{long}\",{{\"id\":\"b\"}}]");
    let json = cut(Format::Json, &[text.as_bytes()], LIMITS);
    assert_eq!((json.rows, json.too_long.as_slice()), (3, [TooLong { row: 2, line: 2 }].as_slice()));
    assert_eq!(read(Format::Json, &text), [row(1, 1, "a", "-"), row(3, 2, "b", "-")]);
}

#[test]
fn a_header_must_name_the_id_and_nothing_unknown() {
    assert!(Columns::read(b"id,fa,phone").is_ok_and(|c| c.names() == ["id", "fa", "phone_number"]));
    for header in ["", "fa", "id,fa,iban", "id,ID", "id;fa"] {
        assert!(Columns::read(header.as_bytes()).is_err(), "{header}");
    }
}

#[test]
fn an_id_stays_in_its_lane() {
    assert_eq!((lane_of("token:a@nationalId", 2), lane_of("token:c@nationalId", 2)), (0, 1));
    let first = (0..10_000).filter(|n| lane_of(&format!("id-{n}@nationalId"), 2) == 0).count();
    assert!((4_500..5_500).contains(&first), "{first} of 10000 fall to the first of two lanes");
}

proptest! {
    #[test]
    fn how_the_network_cuts_a_file_does_not_matter(
        format in prop::sample::select(vec![Format::Csv, Format::Ndjson, Format::Json]),
        bytes in "[\\[\\]{}\",:\\\\ax1 \r\n]{0,300}",
        cuts in prop::collection::vec(0usize..300, 0..8),
    ) {
        let bytes = bytes.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        let limits = Limits { row_bytes: 1_000, ..LIMITS };
        prop_assert_eq!(cut(format, &pieces, limits), cut(format, &[bytes], limits));
    }

    #[test]
    fn every_row_of_any_file_is_read_once_with_its_number_and_its_line(
        format in prop::sample::select(vec![Format::Csv, Format::Ndjson, Format::Json]),
        text in "[\\[\\]{}\",:\\\\ax1 \r\n]{0,300}",
    ) {
        let text = match format {
            Format::Csv => format!("id,fa\n{text}"),
            Format::Ndjson => text,
            Format::Json => format!("[{text}"),
        };
        let cut = cut(format, &[text.as_bytes()], LIMITS);
        let columns = Columns::read(b"id,fa").unwrap();
        let rows: Vec<_> = cut.parts.iter().flat_map(|part| read_part(format, &columns, part)).collect();
        let mut numbers: Vec<u64> = rows.iter().map(|row| row.row).collect();
        numbers.extend(cut.too_long.iter().map(|row| row.row));
        numbers.sort_unstable();
        if cut.error.is_none() {
            prop_assert_eq!(numbers, (1..=cut.rows).collect::<Vec<_>>());
        }
        let lines = text.lines().count() as u64;
        prop_assert!(rows.iter().all(|row| row.line >= 1 && row.line <= lines.max(1)));
        prop_assert!(rows.windows(2).all(|pair| pair[0].line <= pair[1].line));
    }
}
