use std::io::{BufReader, Read};

use bank_formats::iso20022::camt::{Parser, Part, parse};
use bank_formats::mt940::{BalanceError, Mark, Statement};
use bank_formats::{Format, is_xml, statements};
use money::{Amount, Currency};
use time::macros::date;

fn kes(text: &str) -> Amount {
    Amount::parse(text, Currency::KES).unwrap()
}

fn balance(code: &str, amount: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"KES\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
         <Dt><Dt>2026-01-02</Dt></Dt></Bal>"
    )
}

fn entry(amount: &str, side: &str, rest: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"KES\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>2026-01-02</Dt></BookgDt><ValDt><DtTm>2026-01-03T23:30:00+03:00</DtTm></ValDt>{rest}</Ntry>\n"
    )
}

fn details(id: &str, rest: &str) -> String {
    format!("<TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs>{rest}</TxDtls>")
}

fn paid(id: &str, amount: &str) -> String {
    entry(amount, "DBIT", &format!("<NtryDtls>{}</NtryDtls>", details(id, "")))
}

fn message(head: &str, entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>\
         <Acct><Id><Othr><Id>SPONSOR-1</Id></Othr></Id></Acct>{head}{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

fn one(text: &str) -> Statement {
    let mut all = parse(text.as_bytes());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// A statement that goes from 1000 to this balance.
fn around(closing: &str, entries: &str) -> Statement {
    one(&message(&format!("{}{}", balance("OPBD", "1000.00"), balance("CLBD", closing)), entries))
}

fn references(statement: &Statement) -> Vec<&str> {
    statement.entries.iter().map(|e| e.customer_reference.as_str()).collect()
}

#[test]
fn a_statement_is_read() {
    let returned = details(
        "PAY-2",
        "<RltdPties><Cdtr><Pty><Nm>Jo &amp; Co</Nm></Pty></Cdtr></RltdPties><RmtInf><Ustrd>Food</Ustrd><Ustrd>July</Ustrd></RmtInf>\
         <RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>",
    );
    let s = around(
        "500",
        &format!(
            "{}{}{}<AddtlStmtInf>bye</AddtlStmtInf>",
            paid("PAY-1", "500.00"),
            paid("PAY-2", "20"),
            entry("20.0", "CRDT", &format!("<AcctSvcrRef>B-9</AcctSvcrRef><NtryDtls>{returned}</NtryDtls>"))
        ),
    );
    assert_eq!(
        (s.format, s.reference.as_str(), s.account.as_str(), s.statement_number),
        (Format::Camt053, "S1", "SPONSOR-1", 7)
    );
    assert_eq!((s.problems.len(), s.information.as_slice()), (0, &["bye".to_owned()][..]));
    assert_eq!((s.opening.unwrap().date, s.closing.unwrap().amount), (date!(2026 - 01 - 02), kes("500")));
    assert_eq!(s.verify_balances(), Ok(()));
    let [first, _, back] = &s.entries[..] else { panic!("{s:?}") };
    assert_eq!((first.mark, first.amount, first.ordinal), (Mark::Debit, kes("500"), 1));
    assert_eq!((first.entry_date, first.value_date), (Some(date!(2026 - 01 - 02)), date!(2026 - 01 - 03)));
    assert_eq!(
        (back.mark, back.customer_reference.as_str(), back.bank_reference.as_deref()),
        (Mark::ReversalOfDebit, "PAY-2", Some("B-9"))
    );
    assert_eq!(
        (back.payee_name.as_deref(), back.narratives.join("|")),
        (Some("Jo & Co"), "Food|July".into())
    );
    let reason = back.return_reason.as_ref().unwrap();
    assert_eq!((reason.code.as_deref(), reason.information.join("|")), (Some("AC04"), "closed".into()));
    assert!(!format!("{s:?}").contains("Jo & Co"));
}

#[test]
fn prefixes_wrappers_old_versions_and_order_change_nothing() {
    let new = around("500", &paid("PAY-1", "500.00"));
    let text = message(
        &format!("{}{}", balance("OPBD", "1000.00"), balance("CLBD", "500")),
        &paid("PAY-1", "500.00"),
    );
    let prefixed = text
        .replace("</", "\u{1}")
        .replace('<', "<n:")
        .replace('\u{1}', "</n:")
        .replace("<n:?", "<?")
        .replace("xmlns", "xmlns:n");
    assert_eq!(one(&prefixed), new);
    assert_eq!(one(&text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")), new);
    assert_eq!(one(&(text.replace("?>\n<Document", "?><!-- x --><Envelope><Document") + "</Envelope>")), new);
    assert_eq!(one(&format!("\u{feff}{}", text.replace('>', ">\r\n "))), new);
    assert_eq!(one(&text.replace("PAY-1", "<![CDATA[PAY-1]]>")), new);
    let streamed = Parser::new(BufReader::with_capacity(7, text.as_bytes())).count();
    assert_eq!(streamed, 3);
}

#[test]
fn each_transaction_of_a_batch_is_a_line() {
    let amount = |text: &str| format!("<Amt Ccy=\"KES\">{text}</Amt>");
    let three = [("A", "10"), ("B", "20"), ("C", "30")].map(|(id, text)| details(id, &amount(text))).concat();
    let s = around(
        "935",
        &format!("{}{}", entry("60", "DBIT", &format!("<NtryDtls>{three}</NtryDtls>")), paid("D", "5")),
    );
    assert_eq!((references(&s), s.problems.len()), (vec!["A", "B", "C", "D"], 0));
    assert_eq!(s.verify_balances(), Ok(()));
    // One that cannot be read costs itself; a sum that does not fit is shown.
    let bad = three.replace(">20<", ">2x<");
    let s = around("935", &entry("60", "DBIT", &format!("<NtryDtls>{bad}</NtryDtls>")));
    assert_eq!((references(&s), s.problems.len(), s.problems[0].line), (vec!["A", "C"], 1, 2));
    let s = around("935", &entry("61", "DBIT", &format!("<NtryDtls>{three}</NtryDtls>")));
    assert_eq!(references(&s), ["A", "B", "C"]);
    assert!(s.problems[0].reason.contains("KES 60.00"), "{}", s.problems[0]);
}

#[test]
fn an_entry_that_cannot_be_read_costs_that_entry_only() {
    for (bad, reason) in [
        (paid("X", "1").replace("Ccy=\"KES\"", ""), "names no currency"),
        (paid("X", "1").replace("KES", "QQQ"), "ISO 4217"),
        (paid("X", "1").replace("KES", "USD"), "another currency"),
        (paid("X", "-1"), "not an amount"),
        (paid("X", "1e3"), "not an amount"),
        (paid("X", "1.005"), "decimals"),
        (paid("X", "99999999999999999999"), "too large"),
        (paid("X", &"0".repeat(5000)), "too long"),
        (paid("X", "1").replace("DBIT", "DB"), "CRDT nor DBIT"),
        (paid("X", "1").replace("2026-01-02", "2026-02-30"), "BookgDt/Dt is not a date"),
        (paid(&"9".repeat(3000), "1"), "Refs/EndToEndId is too long"),
        (paid("X&#1;Y", "1"), "control character"),
        (paid("X&evil;Y", "1"), "entity"),
        (paid("X&#xD800;Y", "1"), "entity"),
        (paid("X", "1").replace("<CdtDbtInd>", "<RvslInd>maybe</RvslInd><CdtDbtInd>"), "RvslInd"),
    ] {
        let s = around("990", &format!("{}{bad}{}", paid("A", "4"), paid("B", "6")));
        assert_eq!(references(&s), ["A", "B"], "{bad}");
        assert_eq!((s.problems.len(), s.problems[0].line), (1, 2), "{bad}: {:?}", s.problems);
        assert!(s.problems[0].reason.contains(reason), "{bad}: {}", s.problems[0]);
        assert_eq!(s.entries[1].ordinal, 3);
    }
}

#[test]
fn what_has_not_moved_money_is_left_out() {
    let pending = paid("P", "9").replace("BOOK", "PDNG");
    let s = around("996", &format!("{pending}{}", paid("A", "4")));
    assert_eq!((references(&s), s.problems.len(), s.entries[0].ordinal), (vec!["A"], 0, 2));
    let s = around("1004", &entry("4", "DBIT", "<RvslInd>true</RvslInd>").replace("DBIT", "CRDT"));
    assert_eq!((s.entries[0].mark, s.entries[0].customer_reference.as_str()), (Mark::ReversalOfDebit, ""));
}

#[test]
fn a_file_that_stops_being_xml_is_cut_off_there() {
    let whole = message(
        &format!("{}{}", balance("OPBD", "1000.00"), balance("CLBD", "990")),
        &format!("{}{}", paid("A", "4"), paid("B", "6")),
    );
    let at = whole.find("<EndToEndId>B").unwrap();
    let deep = "<x>".repeat(100);
    let long = format!("<Ntry><Amt>{}", "1".repeat(200_000));
    for (text, reason) in [
        (whole[..at].to_owned(), "ends inside"),
        (whole.replace("B</EndToEndId>", "B</Oops>"), "well-formed"),
        (whole.replace("<EndToEndId>B", &format!("{deep}<EndToEndId>B")), "nested deeper"),
        (whole.replace("<EndToEndId>B", &format!("{long}<EndToEndId>B")), "longer than"),
        (whole.replace("<EndToEndId>B", "<!DOCTYPE x><EndToEndId>B"), "DTD"),
    ] {
        let s = one(&text);
        assert_eq!(references(&s), ["A"], "{reason}");
        let last = s.problems.last().unwrap();
        assert!(last.reason.contains(reason), "{reason}: {last}");
        assert!(matches!(s.verify_balances(), Err(BalanceError::Differs { .. })));
    }
    let bomb = whole.replace("?>", "?><!DOCTYPE Document [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>");
    assert_eq!(parse(bomb.as_bytes()), [], "a document type declaration is refused before anything is read");
}

#[test]
fn missing_heads_are_named_and_a_notification_has_no_balances() {
    let s = one(&message("", &paid("A", "4")));
    let reasons: Vec<&str> = s.problems.iter().map(|p| p.reason.as_str()).collect();
    assert!(reasons.iter().any(|r| r.contains("OPBD")) && reasons.iter().any(|r| r.contains("CLBD")));
    assert_eq!(s.verify_balances(), Err(BalanceError::Missing("opening")));
    assert_eq!(s.entries[0].amount, kes("4"), "amounts say their currency themselves");

    let notification = message("", &format!("{}{}", paid("X", "?"), paid("A", "4")))
        .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
        .replace("Stmt>", "Ntfctn>");
    let s = one(&notification);
    assert_eq!((s.format, s.currency(), references(&s)), (Format::Camt054, Some(Currency::KES), vec!["A"]));
    assert_eq!(s.problems.len(), 1, "{:?}", s.problems);
}

#[test]
fn balances_of_other_kinds_do_not_disturb() {
    let balances = ["PRCD", "OPBD", "CLAV", "FWAV", "CLBD"]
        .iter()
        .zip(["999", "1000", "7", "8", "1000"])
        .map(|(code, amount)| balance(code, amount))
        .collect::<String>();
    let s = one(&message(&balances, ""));
    assert_eq!((s.opening.unwrap().amount, s.verify_balances()), (kes("1000"), Ok(())));
    let pages = one(&message(&format!("{}{}", balance("ITBD", "5"), balance("ITBD", "5")), ""));
    assert!(pages.opening.unwrap().intermediate && pages.verify_balances().is_ok());
}

#[test]
fn files_are_told_apart_by_their_content() {
    let xml = message(&format!("{}{}", balance("OPBD", "1000.00"), balance("CLBD", "996")), &paid("A", "4"));
    assert_eq!(statements(format!("\u{feff}\n {xml}").as_bytes())[0].format, Format::Camt053);
    let mt940 = ":20:A\n:25:B\n:28C:1\n:60F:C260101KES0,\n:62F:C260101KES0,\n";
    assert_eq!(statements(mt940.as_bytes())[0].format, Format::Mt940);
    assert!(!is_xml(mt940.as_bytes()) && !is_xml(b"") && is_xml(b"\r\n<x/>"));
    for nothing in ["", "<xml/>", "<html><body>502</body></html>", "<Document/>", "plain"] {
        assert_eq!(statements(nothing.as_bytes()), [], "{nothing}");
    }
}

#[test]
fn latin_1_is_read() {
    let text = message("", &paid("A", "4")).replace("S1", "S\u{e9}").replace("UTF-8", "ISO-8859-1");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    assert_eq!(parse(&bytes)[0].reference, "S\u{e9}");
}

/// Entries without end, made as they are read.
struct Endless {
    made: usize,
    entries: usize,
    left: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left.is_empty() && self.made <= self.entries {
            let whole = message("", "\u{1}");
            let (head, tail) = whole.split_once('\u{1}').unwrap();
            self.left = match self.made {
                0 => head.to_owned() + &paid("P0", "1"),
                n if n == self.entries => tail.to_owned(),
                n => paid(&format!("P{n}"), "1"),
            }
            .into_bytes();
            self.made += 1;
        }
        let n = self.left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.left[..n]);
        self.left.drain(..n);
        Ok(n)
    }
}

#[test]
fn a_large_statement_is_read_entry_by_entry() {
    let input = Endless { made: 0, entries: 50_000, left: Vec::new() };
    let mut count = 0;
    for part in Parser::new(BufReader::new(input)) {
        count += usize::from(matches!(part.unwrap(), Part::Entry(_)));
    }
    assert_eq!(count, 50_000);
}
