use bank_formats::mt940::{Balance, Entry, Mark, Statement, fit_narrative, parse, to_text};
use money::{Amount, Currency};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use time::{Date, Duration};

/// Amounts that fit in 15 characters with their comma in every currency.
fn amount(currency: Currency) -> impl Strategy<Value = Amount> {
    (0_i64..10_000_000_000).prop_map(move |minor| Amount::from_minor(minor, currency))
}

fn reference() -> impl Strategy<Value = String> {
    "[A-Za-z0-9?:().,'+-]([A-Za-z0-9 ?:().,'+-]{0,14}[A-Za-z0-9?:().,'+-])?"
}

/// Free text of the nasty kind.
fn free_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,90}",
        "(:(20|25|28C|60F|61|62F|86):|-\\}|-|\\{[1-5]:)[A-Z0-9,/]{0,30}",
        Just(".".to_owned()),
        Just(":61:2601010101RD5,00NTRFEVIL//EVIL".to_owned()),
    ]
}

fn day() -> impl Strategy<Value = Date> {
    // 1980-01-01 to 2079-12-31.
    (2_444_240_i32..2_480_764).prop_map(|julian| Date::from_julian_day(julian).unwrap())
}

fn mark() -> impl Strategy<Value = Mark> {
    prop_oneof![
        Just(Mark::Credit),
        Just(Mark::Debit),
        Just(Mark::ReversalOfCredit),
        Just(Mark::ReversalOfDebit)
    ]
}

fn entry(currency: Currency) -> impl Strategy<Value = Entry> {
    let dates = (day(), option::of(-150_i64..150));
    let references = (reference(), option::of(reference()), option::of(free_text()));
    let head = (mark(), option::of(prop::char::range('A', 'Z')), "[A-Z][A-Z0-9]{3}");
    (dates, head, amount(currency), references, vec(free_text(), 0..6)).prop_map(
        |((value_date, offset), (mark, funds_code, type_code), amount, references, narratives)| Entry {
            value_date,
            entry_date: offset.map(|days| value_date + Duration::days(days)),
            mark,
            funds_code,
            amount,
            type_code,
            customer_reference: references.0,
            bank_reference: references.1,
            supplementary: references.2,
            narratives,
            payee_name: None,
            return_reason: None,
            ordinal: 0,
        },
    )
}

fn statement() -> impl Strategy<Value = Statement> {
    let all: Vec<_> = Currency::all().collect();
    prop::sample::select(all).prop_flat_map(|currency| {
        let numbers = (0_u32..100_000, option::of(0_u32..100_000));
        let balance = (amount(currency), any::<bool>(), day(), any::<bool>());
        let texts = (reference(), reference(), vec(free_text(), 0..6));
        (texts, numbers, balance, vec(entry(currency), 0..8)).prop_map(build)
    })
}

type Parts = ((String, String, Vec<String>), (u32, Option<u32>), (Amount, bool, Date, bool), Vec<Entry>);

/// A statement whose balances hold.
fn build((texts, numbers, (start, owes, date, intermediate), mut entries): Parts) -> Statement {
    for (i, entry) in entries.iter_mut().enumerate() {
        entry.ordinal = u32::try_from(i + 1).unwrap();
    }
    let start = if owes { start.checked_neg().unwrap() } else { start };
    let moved = entries.iter().map(|e| e.signed().unwrap());
    let end = Amount::sum(start.currency(), std::iter::once(start).chain(moved)).unwrap();
    let balance = |amount| Balance { intermediate, ..Balance::from_signed(amount, date).unwrap() };
    Statement {
        reference: texts.0,
        account: texts.1,
        statement_number: numbers.0,
        sequence_number: numbers.1,
        opening: Some(balance(start)),
        entries,
        closing: Some(balance(end)),
        information: texts.2,
        ..Statement::default()
    }
}

/// The statement as the format can hold it.
fn fitted(mut statement: Statement) -> Statement {
    let fit = |texts: &mut Vec<String>| texts.iter_mut().for_each(|text| *text = fit_narrative(text));
    fit(&mut statement.information);
    for entry in &mut statement.entries {
        fit(&mut entry.narratives);
        // The line below :61: is shorter; a cut may end in a space.
        let short =
            entry.supplementary.take().map(|t| fit_narrative(&t).chars().take(34).collect::<String>());
        entry.supplementary = short.map(|t| t.trim_end().to_owned()).filter(|t| !t.is_empty() && t != ".");
    }
    statement
}

proptest! {
    #[test]
    fn what_is_written_is_read(statements in vec(statement(), 0..4)) {
        let text = to_text(&statements).unwrap();
        let read = parse(text.as_bytes());
        let expected: Vec<_> = statements.into_iter().map(fitted).collect();
        prop_assert_eq!(&read, &expected);
        for statement in &read {
            prop_assert_eq!(statement.verify_balances(), Ok(()));
        }
        // Fitted text is written unchanged, and other line ends read the same.
        prop_assert_eq!(to_text(&read).unwrap(), text.as_str());
        prop_assert_eq!(parse(text.replace("\r\n", "\n").as_bytes()), expected);
    }

    #[test]
    fn every_written_line_is_one_of_the_format(statement in statement()) {
        for line in to_text(&[statement]).unwrap().split_terminator("\r\n") {
            prop_assert!(line.is_ascii() && line.len() <= 4 + 65, "{}", line);
            let broken = line.is_empty() || line.starts_with('-') || line.contains(['{', '}', '\n', '\r']);
            prop_assert!(!broken, "{}", line);
        }
    }

    #[test]
    fn fitting_twice_changes_nothing(text in free_text()) {
        let once = fit_narrative(&text);
        prop_assert_eq!(fit_narrative(&once), once);
    }
}
