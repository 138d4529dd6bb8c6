use bank_formats::mt940::{LONGEST_REFERENCE, Statement, parse, to_text};
use proptest::collection::vec;
use proptest::prelude::*;

/// Lines that are nearly right.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => ":61:[0-9]{6}([0-9]{4})?(C|D|RC|RD)[A-Z]?[0-9]{0,3},[0-9]{0,3}[A-Z]{4}[A-Z0-9/]{0,20}",
        2 => ":(20|25|28C|60F|60M|61|62F|62M|86|64|NS|99):[ -~]{0,20}",
        1 => ":6[02][FM]:[CD]26010[1-9](KES|JPY|XYZ)[0-9]{1,3},[0-9]{0,2}",
        1 => "(-\\}|-|\\{1:F01\\}\\{4:|\\{5:\\}|)",
        1 => "[ -~]{0,70}",
        1 => any::<String>(),
    ]
}

/// What a database may refuse in what was read: control characters in text, identities too long for an index.
fn not_storable(statement: &Statement) -> Option<String> {
    let entries = &statement.entries;
    let mut identities = vec![&statement.reference, &statement.account];
    identities.extend(entries.iter().map(|e| &e.customer_reference));
    identities.extend(entries.iter().filter_map(|e| e.bank_reference.as_ref()));
    if let Some(long) = identities.iter().find(|text| text.chars().count() > LONGEST_REFERENCE) {
        return Some(format!("a reference of {} bytes", long.len()));
    }
    let mut texts = identities;
    texts.extend(&statement.information);
    texts.extend(statement.problems.iter().flat_map(|p| [&p.text, &p.reason]));
    texts.extend(
        entries.iter().flat_map(|e| e.narratives.iter().chain([&e.type_code]).chain(&e.supplementary)),
    );
    texts.into_iter().find(|text| text.contains('\0')).map(|text| format!("{text:?}"))
}

/// Tags with any bytes behind them.
fn hostile_line() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop_oneof![
        3 => Just(":61:2601020102D1,00NTRF"),
        1 => Just(":61:2601020102D1,00NTRFA//"),
        4 => prop::sample::select(vec![":20:", ":25:", ":28C:", ":86:", ":60F:C260101KES", ":62F:C260101KES", ":21:", ""]),
    ];
    let byte = prop_oneof![3 => any::<u8>(), 2 => Just(0_u8), 3 => b'0'..=b'Z'];
    (tag, prop_oneof![8 => vec(byte, 0..12), 1 => vec(b'A'..=b'Z', 100..6000)])
        .prop_map(|(tag, rest)| [tag.as_bytes(), &rest, b"\n"].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(parse(&bytes).iter().find_map(not_storable), None);
    }

    #[test]
    fn what_is_read_from_any_bytes_can_be_stored(lines in vec(hostile_line(), 0..12)) {
        let file = [b":20:S\n:25:A\n:28C:1\n:60F:C260101KES0,\n".to_vec(), lines.concat()].concat();
        prop_assert_eq!(parse(&file).iter().find_map(not_storable), None);
    }

    #[test]
    fn nearly_right_files_never_panic_and_lose_nothing_silently(
        lines in vec(line(), 0..30),
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
    ) {
        let text = lines.join(end);
        let statements = parse(text.as_bytes());
        for statement in &statements {
            let _ = statement.verify_balances();
            let _ = format!("{statement:?}");
            let ordinals: Vec<_> = statement.entries.iter().map(|e| e.ordinal).collect();
            prop_assert!(ordinals.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(statement.entries.iter().all(|e| !e.amount.is_negative()));
            // Every :61: that was counted is an entry or a problem.
            let counted = ordinals.last().copied().unwrap_or(0) as usize;
            prop_assert!(counted <= statement.entries.len() + statement.problems.len());
        }
        let _ = to_text(&statements);
    }
}

#[test]
fn a_hostile_file_stays_small_in_memory() {
    let mut text = ":20:A\n:25:B\n:28C:1\n:60F:C260101KES0,\n".to_owned();
    text.push_str(&":61:x\n".repeat(5000));
    text.push_str(&"y".repeat(1_000_000));
    let statements = parse(text.as_bytes());
    assert_eq!(statements[0].problems.len(), 1000);
    assert!(statements[0].problems_omitted >= 4000);
}

#[test]
fn a_large_statement_is_read_quickly() {
    let mut text = ":20:A\n:25:B\n:28C:1\n:60F:C260101KES0,\n".to_owned();
    for i in 0..100_000 {
        text.push_str(&format!(":61:260101C1,00NTRF{i:016}//B{i}\n:86:a\nb\nc\nd\n"));
    }
    text.push_str(":62F:C260101KES100000,00\n");
    let statements = parse(text.as_bytes());
    assert_eq!(statements[0].entries.len(), 100_000);
    assert_eq!(statements[0].verify_balances(), Ok(()));
}
