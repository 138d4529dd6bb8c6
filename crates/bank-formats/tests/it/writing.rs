use bank_formats::mt940::{Balance, Entry, Mark, Statement, WriteError, fit_narrative, parse, to_text};
use money::{Amount, Currency};
use time::macros::date;

fn kes(text: &str) -> Amount {
    Amount::parse(text, Currency::KES).unwrap()
}

fn entry() -> Entry {
    Entry {
        value_date: date!(2026 - 01 - 02),
        entry_date: Some(date!(2025 - 12 - 31)),
        mark: Mark::Debit,
        funds_code: None,
        amount: kes("500.00"),
        type_code: "NTRF".into(),
        customer_reference: "0123456789ABCdef".into(),
        bank_reference: Some("L-42".into()),
        supplementary: None,
        narratives: vec!["Food subsidy".into(), String::new(), "2026-01".into()],
        payee_name: None,
        return_reason: None,
        ordinal: 1,
    }
}

fn statement() -> Statement {
    Statement {
        reference: "ST-1".into(),
        account: "SPONSOR-001".into(),
        statement_number: 3,
        sequence_number: Some(1),
        opening: Some(Balance::from_signed(kes("1000.00"), date!(2026 - 01 - 01)).unwrap()),
        entries: vec![entry()],
        closing: Some(Balance::from_signed(kes("500.00"), date!(2026 - 01 - 02)).unwrap()),
        ..Statement::default()
    }
}

fn refused(change: impl FnOnce(&mut Statement)) -> WriteError {
    let mut statement = statement();
    change(&mut statement);
    to_text(&[statement]).unwrap_err()
}

#[test]
fn the_text_is_mt940() {
    assert_eq!(
        to_text(&[statement()]).unwrap(),
        ":20:ST-1\r\n:25:SPONSOR-001\r\n:28C:3/1\r\n:60F:C260101KES1000,00\r\n\
         :61:2601021231D500,00NTRF0123456789ABCdef//L-42\r\n:86:Food subsidy\r\n.\r\n2026-01\r\n\
         :62F:C260102KES500,00\r\n"
    );
}

#[test]
fn identifiers_are_never_cut() {
    let long = refused(|s| s.entries[0].customer_reference = "12345678901234567".into());
    assert_eq!(
        long.to_string(),
        "the customer reference \"12345678901234567\" does not fit: it is longer than 16 characters"
    );
    for bad in ["A//B", "A/", "/A", " A", "A\n:61:", "\u{e9}", "{4:"] {
        assert!(matches!(
            refused(|s| s.entries[0].customer_reference = bad.into()),
            WriteError::Identifier { .. }
        ));
        assert!(matches!(
            refused(|s| s.entries[0].bank_reference = Some(bad.into())),
            WriteError::Identifier { .. }
        ));
        assert!(matches!(refused(|s| s.reference = bad.into()), WriteError::Identifier { .. }));
        assert!(matches!(refused(|s| s.account = bad.into()), WriteError::Identifier { .. }));
    }
    assert!(matches!(refused(|s| s.entries[0].type_code = "ntrf".into()), WriteError::Identifier { .. }));
    assert!(matches!(refused(|s| s.account.clear()), WriteError::Identifier { .. }));
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    assert_eq!(refused(|s| s.opening = None), WriteError::NoBalance("opening"));
    assert_eq!(refused(|s| s.closing = None), WriteError::NoBalance("closing"));
    assert_eq!(refused(|s| s.statement_number = 100_000), WriteError::Number("statement"));
    let far = date!(2026 - 09 - 01);
    assert_eq!(refused(|s| s.entries[0].entry_date = Some(far)), WriteError::Date(far));
    let early = date!(1979 - 12 - 31);
    assert_eq!(refused(|s| s.entries[0].value_date = early), WriteError::Date(early));
    for amount in [kes("-1"), kes("9999999999999.00")] {
        assert_eq!(refused(|s| s.entries[0].amount = amount), WriteError::Amount(amount));
    }
    let dollars = Amount::from_minor(1, Currency::USD);
    assert_eq!(refused(|s| s.entries[0].amount = dollars), WriteError::Currency(1));
}

#[test]
fn free_text_is_fitted() {
    for (text, fitted) in [
        ("plain text, (ok)", "plain text, (ok)"),
        (":61:260101C1,NTRFX", ".:61:260101C1,NTRFX"),
        ("-}", ".-)"),
        ("\u{1}:61:x", ".:61:x"),
        ("two\r\n:61:lines", "two  :61:lines"),
        ("{4:", "(4:"),
        ("Zo\u{eb}", "Zo?"),
        ("  spaced  ", "spaced"),
        (".", ""),
        ("\t\n", ""),
    ] {
        assert_eq!(fit_narrative(text), fitted, "{text:?}");
    }
    assert_eq!(fit_narrative(&"x".repeat(200)).len(), 65);
}

#[test]
fn free_text_cannot_make_lines() {
    let mut statement = statement();
    let evil = ":61:260101RD99,NTRFEVIL\r\n:62F:C260101KES99,\r\n-}{4:\r\n:20:X\r\n:25:Y";
    statement.entries[0].narratives = vec![evil.into(); 9];
    statement.entries[0].supplementary = Some(evil.into());
    let read = parse(to_text(&[statement.clone(), statement.clone()]).unwrap().as_bytes());
    assert_eq!(read.len(), 2);
    for read in read {
        assert_eq!(read.entries.len(), 1);
        assert_eq!(read.entries[0].narratives.len(), 6);
        assert_eq!(read.problems, []);
        assert_eq!(read.verify_balances(), Ok(()));
    }
}

#[test]
fn an_entry_without_reference_says_nonref() {
    let mut statement = statement();
    statement.entries[0].customer_reference.clear();
    assert!(to_text(&[statement]).unwrap().contains("NTRFNONREF//L-42"));
}
