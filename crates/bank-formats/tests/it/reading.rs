use bank_formats::mt940::{BalanceError, DebitCredit, Mark, Parser, Statement, parse};
use money::{Amount, Currency};
use time::{Date, Month};

/// In the manner of the reference's example bank: padded amounts, six narratives, plain line feeds.
const EXAMPLE: &str = "\
:20:5
:25:SPONSOR-001
:28C:1/1
:60F:C260101KES100000000,00
:61:2601020102D000000000500,00NTRF1795238390333001//7f3c2d9e-1b2a-4c
:86:Food subsidy
programme
2026-01
token:abc@nationalId
A1B2C3D4E5F60718
None
:61:2601020102RD000000000500,00NTRF1795238390333001//7f3c2d9e-1b2a-4d
:86:Food subsidy
programme
2026-01
token:abc@nationalId
A1B2C3D4E5F60718
ACCOUNT_CLOSED
:62F:C260102KES100000000,00
";

fn day(year: i32, month: u8, day: u8) -> Date {
    Date::from_calendar_date(year, Month::try_from(month).unwrap(), day).unwrap()
}

fn one(text: &str) -> Statement {
    let mut all = parse(text.as_bytes());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// A sound statement around these lines; they must add up to nothing for the balances to hold.
fn around(lines: &str) -> Statement {
    one(&format!(":20:S1\n:25:ACC\n:28C:7\n:60F:C260101KES0,\n{lines}\n:62F:C260101KES0,\n"))
}

fn kes(text: &str) -> Amount {
    Amount::parse(text, Currency::KES).unwrap()
}

#[test]
fn a_statement_of_the_example_bank() {
    let s = one(EXAMPLE);
    assert_eq!((s.reference.as_str(), s.account.as_str()), ("5", "SPONSOR-001"));
    assert_eq!((s.statement_number, s.sequence_number), (1, Some(1)));
    assert_eq!(s.problems, []);
    let opening = s.opening.unwrap();
    assert_eq!((opening.mark, opening.date), (DebitCredit::Credit, day(2026, 1, 1)));
    assert_eq!(opening.amount, kes("100000000.00"));

    let [paid, returned] = &s.entries[..] else { panic!("{:?}", s.entries) };
    assert_eq!((paid.mark, paid.ordinal), (Mark::Debit, 1));
    assert_eq!((paid.value_date, paid.entry_date), (day(2026, 1, 2), Some(day(2026, 1, 2))));
    assert_eq!(paid.amount, kes("500.00"));
    assert_eq!(paid.type_code, "NTRF");
    assert_eq!(paid.customer_reference, "1795238390333001");
    assert_eq!(paid.bank_reference.as_deref(), Some("7f3c2d9e-1b2a-4c"));
    assert_eq!(paid.narratives[4], "A1B2C3D4E5F60718");
    assert_eq!((returned.mark, returned.ordinal), (Mark::ReversalOfDebit, 2));
    assert_eq!(returned.narratives.last().unwrap(), "ACCOUNT_CLOSED");
    assert_eq!(returned.signed().unwrap(), kes("500.00"));
    assert_eq!(s.verify_balances(), Ok(()));
}

#[test]
fn line_ends_and_envelope_change_nothing() {
    let plain = one(EXAMPLE);
    assert_eq!(one(&EXAMPLE.replace('\n', "\r\n")), plain);
    assert_eq!(one(&EXAMPLE.replace('\n', "\r")), plain);
    assert_eq!(one(EXAMPLE.trim_end()), plain);
    assert_eq!(one(&format!("\u{feff}{EXAMPLE}")), plain);
    let envelope = "{1:F01BANKKENAXXXX0000000000}{2:I940GOVTKENAXXXXN}{4:";
    assert_eq!(one(&format!("{envelope}\r\n{EXAMPLE}-}}{{5:{{CHK:1}}}}\r\n")), plain);
    let lone_dash = format!("{EXAMPLE}-\n");
    assert_eq!(one(&lone_dash), plain);
    let two = format!("{envelope}\n{EXAMPLE}-}}{envelope}\n{EXAMPLE}-}}\n");
    assert_eq!(parse(two.as_bytes()), [plain.clone(), plain]);
}

#[test]
fn statements_of_a_file_stay_apart() {
    let other = EXAMPLE.replace(":25:SPONSOR-001", ":25:SPONSOR-002").replace(":20:5", ":20:6");
    let all = parse(format!("{EXAMPLE}{other}").as_bytes());
    let accounts: Vec<_> =
        all.iter().map(|s| (s.reference.as_str(), s.account.as_str(), s.entries.len())).collect();
    assert_eq!(accounts, [("5", "SPONSOR-001", 2), ("6", "SPONSOR-002", 2)]);
    let streamed: Vec<_> = Parser::new(EXAMPLE.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(streamed, parse(EXAMPLE.as_bytes()));
}

#[test]
fn a_statement_cut_short_does_not_swallow_the_next() {
    let cut: String = EXAMPLE.lines().take(6).map(|l| format!("{l}\n")).collect();
    let all = parse(format!("{cut}{}", EXAMPLE.replace("SPONSOR-001", "SPONSOR-002")).as_bytes());
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].account.as_str(), all[0].entries.len()), ("SPONSOR-001", 1));
    assert_eq!((all[1].account.as_str(), all[1].entries.len()), ("SPONSOR-002", 2));
    assert_eq!(all[0].verify_balances(), Err(BalanceError::Missing("closing")));
    assert!(all[0].problems[0].to_string().contains("closing balance"));
}

#[test]
fn optional_parts_may_be_missing() {
    let s = around(":61:260101C100,NMSCNONREF\n:61:260101D100,NTRFREF-1\n:86:only one line");
    assert_eq!(s.entries[0].narratives, Vec::<String>::new());
    assert_eq!((s.entries[0].entry_date, &s.entries[0].bank_reference), (None, &None));
    assert_eq!(s.entries[1].narratives, ["only one line"]);
    assert_eq!((s.statement_number, s.sequence_number), (7, None));
    assert_eq!(s.verify_balances(), Ok(()));
}

#[test]
fn funds_code_supplement_and_odd_amounts() {
    let s = around(
        ":61:260101CS,5S103A/B//B1\nsupplementary details\n:61:260101RCS0,50S103A/B\n:61:260101D12NTRFX\n:61:260101RD12,0NTRFX//",
    );
    let [a, b, c, d] = &s.entries[..] else { panic!("{s:?}") };
    assert_eq!((a.funds_code, a.amount, a.type_code.as_str()), (Some('S'), kes("0.50"), "S103"));
    assert_eq!(a.customer_reference, "A/B");
    assert_eq!(a.supplementary.as_deref(), Some("supplementary details"));
    assert_eq!((b.mark, b.funds_code), (Mark::ReversalOfCredit, Some('S')));
    assert_eq!((c.amount, d.amount), (kes("12"), kes("12")));
    assert_eq!(d.bank_reference, None);
    assert_eq!(s.verify_balances(), Ok(()));
}

#[test]
fn entry_dates_around_new_year() {
    let s = around(
        ":61:2601021231C1,NTRFA\n:61:2512310102D1,NTRFB\n:61:2402290229C0,NTRFC\n:61:2503010229C0,NTRFD",
    );
    let dates: Vec<_> = s.entries.iter().map(|e| e.entry_date.unwrap()).collect();
    assert_eq!(dates, [day(2025, 12, 31), day(2026, 1, 2), day(2024, 2, 29), day(2024, 2, 29)]);
}

#[test]
fn a_long_customer_reference_keeps_itself_and_the_banks() {
    let s = around(":61:260101C0,NTRF12345678901234567//BANKREF");
    assert_eq!(s.entries[0].customer_reference, "12345678901234567");
    assert_eq!(s.entries[0].bank_reference.as_deref(), Some("BANKREF"));
}

#[test]
fn an_unreadable_line_costs_that_line_only() {
    for (bad, reason) in [
        (":61:269901C1,NTRFX", "value date"),
        (":61:2601019999C1,NTRFX", "entry date"),
        (":61:260101X1,NTRFX", "mark"),
        (":61:260101C,NTRFX", "amount"),
        (":61:260101C1,0,0NTRFX", "amount"),
        (":61:260101C1,005NTRFX", "more than the 2 decimals of KES"),
        (":61:260101C99999999999999999999,NTRFX", "too large"),
        (":61:260101C1,ntrfX", "transaction type"),
        (":61:", "value date"),
    ] {
        let s = around(&format!(
            ":61:260101C5,NTRFA\n:86:first\n{bad}\nmore\n:86:lost\n:61:260101D5,NTRFB\n:86:third"
        ));
        if bad == ":61:" {
            // Within free text this is not even taken for a line.
            assert_eq!(s.entries[0].narratives[..2], ["first", ":61:"]);
        } else {
            assert_eq!(s.entries[0].narratives, ["first"], "{bad}");
        }
        let good: Vec<_> = s.entries.iter().map(|e| e.customer_reference.as_str()).collect();
        assert_eq!(good, ["A", "B"], "{bad}");
        assert_eq!(s.entries[1].narratives, ["third"]);
        assert_eq!(s.problems.len(), 1, "{bad}: {:?}", s.problems);
        assert_eq!(s.problems[0].line, 7);
        if bad != ":61:" {
            assert!(s.problems[0].reason.contains(reason), "{bad}: {}", s.problems[0]);
        }
    }
}

#[test]
fn free_text_that_looks_like_tags_stays_text() {
    let s = around(
        ":61:260101C5,NTRFA\n:86:one\n:61:hello\n:25:MINE\n:28C:1/1\n:20:evil\n:62F:soon\n:60F:C260101KES1,\n-\n:99:x\nlast\n:61:260101D5,NTRFB\n:86:two",
    );
    assert_eq!(s.account, "ACC");
    assert_eq!(
        s.entries[0].narratives,
        [
            "one",
            ":61:hello",
            ":25:MINE",
            ":28C:1/1",
            ":20:evil",
            ":62F:soon",
            ":60F:C260101KES1,",
            "-",
            ":99:x",
            "last"
        ]
    );
    assert_eq!(s.entries[1].narratives, ["two"]);
    assert_eq!(s.verify_balances(), Ok(()));
    assert!(!s.problems.is_empty());
}

#[test]
fn a_slipped_in_entry_shows_in_the_balances() {
    let s = around(":61:260101C5,NTRFA\n:86:one\n:61:260101RD500,NTRFFORGED\n:61:260101D5,NTRFB");
    assert_eq!(
        s.verify_balances(),
        Err(BalanceError::Differs { computed: kes("500"), stated: kes("0"), unreadable: 0 })
    );
    let said = s.verify_balances().unwrap_err().to_string();
    assert!(said.contains("make KES 500.00") && said.contains("closes with KES 0.00"), "{said}");
}

#[test]
fn missing_and_broken_headers_are_named() {
    let s = one(":20:A\n:61:260101C5,NTRFA\n:62F:C260101KES5,\n:86:to whom it may concern\nsecond");
    assert_eq!(s.entries[0].amount, kes("5"), "the closing balance names the currency too");
    assert_eq!(s.information, ["to whom it may concern", "second"]);
    assert_eq!(s.verify_balances(), Err(BalanceError::Missing("opening")));

    let s = one(":20:A\n:25:B\n:28C:x/y\n:60F:C260101ZZZ5,\n:61:260101C5,NTRFA\n:62F:nothing");
    assert!(s.entries.is_empty() && s.currency().is_none());
    let reasons: Vec<_> = s.problems.iter().map(|p| p.reason.as_str()).collect();
    assert!(reasons.iter().any(|r| r.contains(":28C:")), "{reasons:?}");
    assert!(reasons.iter().any(|r| r.contains("ISO 4217")), "{reasons:?}");
    assert!(reasons.iter().any(|r| r.contains("names its currency")), "{reasons:?}");
}

#[test]
fn pages_have_intermediate_balances() {
    let s = one(":20:A\n:25:B\n:28C:5/2\n:60M:D260101JPY100,\n:61:260101D50,NTRFA\n:62M:D260101JPY150,\n");
    assert!(s.opening.unwrap().intermediate && s.closing.unwrap().intermediate);
    assert_eq!(s.opening.unwrap().signed().unwrap(), Amount::from_minor(-100, Currency::JPY));
    assert_eq!((s.statement_number, s.sequence_number), (5, Some(2)));
    assert_eq!(s.verify_balances(), Ok(()));
}

#[test]
fn latin_1_is_read() {
    let mut bytes = EXAMPLE.as_bytes().to_vec();
    let at = EXAMPLE.find("Food").unwrap();
    bytes[at] = 0xDC;
    assert_eq!(parse(&bytes)[0].entries[0].narratives[0], "\u{dc}ood subsidy");
}

#[test]
fn debug_and_problems_show_no_free_text() {
    let s = around(":61:260101C5,NTRFA\n:86:Amina Otieno\n:61:260101C5,Amina Otieno");
    let shown = format!("{s:?} {}", s.problems[0]);
    assert!(!shown.contains("Amina"), "{shown}");
    assert!(s.problems[0].text.contains("Amina"));
}

#[test]
fn a_file_without_statements_is_empty() {
    for text in ["", "\n\n", "name,amount\nA,5\n", "{1:F01}{4:\n-}", "<xml/>"] {
        assert_eq!(parse(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn control_characters_cost_their_line_and_nothing_else() {
    let s = around(
        ":61:260102D1,NTRFA\0B\n:86:lost\n:61:260102D1,NTRFGOOD//B\u{1}\n:61:260102D1,NTRFGOOD\n:86:x\ty\0z\nnext",
    );
    let [good] = &s.entries[..] else { panic!("{:?}", s.entries) };
    assert_eq!((good.customer_reference.as_str(), good.ordinal), ("GOOD", 3));
    assert_eq!(good.narratives, ["x\ty z", "next"], "text stays, without the character");
    assert_eq!(s.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [5, 7, 9]);

    let all = parse(b":20:A\0\n:25:ACC\n:28C:1\n:60F:C260101KES0,\n:61:260102D1,NTRFX\n:62F:C260101KES0,\n:20:B\n:25:A\0\n");
    assert_eq!((all.len(), all[0].reference.as_str(), all[0].entries.len()), (2, "", 1));
    assert_eq!(all[1].account, "", "an account nobody can write down is none");
    assert!(all.iter().all(|s| s.problems.iter().any(|p| p.reason.contains("control character"))));
}

#[test]
fn a_reference_too_long_to_be_one_costs_its_line() {
    let long = "9".repeat(3000);
    let s = around(&format!(":61:260102D1,NTRF{long}\n:61:260102D1,NTRFA//{long}\n:61:260102D1,NTRFGOOD"));
    assert_eq!(s.entries.iter().map(|e| e.customer_reference.as_str()).collect::<Vec<_>>(), ["GOOD"]);
    assert_eq!(s.problems.len(), 2);
    let all = parse(format!(":20:{long}\n:25:{long}\n:28C:1\n:60F:C260101KES0,\n").as_bytes());
    assert_eq!((all[0].reference.as_str(), all[0].account.as_str()), ("", ""));
}

mod parts {
    use std::io::BufReader;

    use bank_formats::{Part, mt940};

    /// A million lines would be read the same way: what is read is never more than an entry ahead of what was handed out.
    #[test]
    fn entries_are_handed_out_while_the_file_is_read() {
        let line = ":61:2601020102D10,00NTRFA//B\r\n:86:x\r\ny\r\n";
        let mut text = ":20:R\r\n:25:ACC\r\n:28C:1/1\r\n:60F:C260101KES1000,00\r\n".to_owned();
        (0..5_000).for_each(|_| text.push_str(line));
        text.push_str(":62F:C260102KES0,00\r\n");
        let parts: Vec<Part> =
            mt940::Parts::new(BufReader::with_capacity(64, text.as_bytes())).map(Result::unwrap).collect();
        let Part::Head(head) = &parts[0] else { panic!("{:?}", parts[0]) };
        assert_eq!((head.account.as_str(), head.closing, head.entries.len()), ("ACC", None, 0));
        assert!(parts[1..5_001].iter().all(|part| matches!(part, Part::Entry(_))));
        let Part::End(tail) = &parts[5_001] else { panic!("{:?}", parts[5_001]) };
        assert!(tail.closing.is_some() && parts.len() == 5_002);
        let whole = mt940::parse(text.as_bytes()).remove(0);
        assert_eq!((whole.entries.len(), whole.closing), (5_000, tail.closing));
        assert_eq!(whole.entries[4_999].narratives, ["x", "y"]);
    }

    #[test]
    fn entries_wait_for_a_currency_that_only_the_closing_balance_says() {
        let text = ":20:R\r\n:25:ACC\r\n:28C:1/1\r\n:61:2601020102D10,00NTRFA//B\r\n:61:2601020102D1,00NTRFC//D\r\n:62F:C260102KES0,00\r\n";
        let parts: Vec<Part> = mt940::Parts::new(text.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(parts.iter().filter(|part| matches!(part, Part::Entry(_))).count(), 2, "{parts:?}");
    }
}
