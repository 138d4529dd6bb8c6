use bank_formats::iso20022::pain001::{self, Account, CreditTransfer, Initiation};
use bank_formats::iso20022::pain002::{self, Report, Status, Transaction};
use bank_formats::iso20022::{camt, fit_text};
use bank_formats::mt940::{Balance, Entry, Mark, ReturnReason, Statement};
use bank_formats::{Format, statements};
use money::{Amount, Currency};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use time::{Date, OffsetDateTime};

fn amount(currency: Currency) -> impl Strategy<Value = Amount> {
    prop_oneof![0_i64..1000, 0_i64..100_000_000_000_000_000]
        .prop_map(move |minor| Amount::from_minor(minor, currency))
}

/// Currencies of every number of decimals.
fn currency() -> impl Strategy<Value = Currency> {
    let all: Vec<_> = Currency::all().collect();
    prop_oneof![
        Just(Currency::JPY),
        Just(Currency::KES),
        Just(Currency::from_code("BHD").unwrap()),
        prop::sample::select(all)
    ]
}

/// Ids with everything that is markup.
fn id(length: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        prop::string::string_regex(&format!("[A-Za-z0-9<>&'\"/-]{{1,{length}}}")).unwrap(),
        "[!-~]",
        vec(any::<char>(), 1..length).prop_filter_map("no id", |c| {
            let text: String =
                c.into_iter().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
            Some(text.trim().to_owned()).filter(|t| !t.is_empty())
        }),
    ]
}

/// Free text of the nasty kind.
fn free_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,200}",
        Just("</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry><Ntry>".to_owned()),
        Just("]]>&amp;&#0;&evil;<!DOCTYPE x>\u{fffe}".to_owned()),
    ]
}

fn day() -> impl Strategy<Value = Date> {
    // 0001-01-01 to 9999-12-31.
    (1_721_426_i32..5_373_485).prop_map(|julian| Date::from_julian_day(julian).unwrap())
}

fn reason() -> impl Strategy<Value = ReturnReason> {
    let code = prop_oneof!["[A-Z]{2}[0-9]{2}", id(35)];
    (code, vec(free_text(), 0..3))
        .prop_map(|(code, information)| ReturnReason { code: Some(code), information })
}

fn entry(currency: Currency) -> impl Strategy<Value = Entry> {
    let marks = vec![Mark::Credit, Mark::Debit, Mark::ReversalOfCredit, Mark::ReversalOfDebit];
    let head = (prop::sample::select(marks), day(), option::of(day()), "[A-Z][A-Z0-9]{3}");
    let texts =
        (option::of(free_text()), vec(free_text(), 0..4), option::of(free_text()), option::of(reason()));
    (head, amount(currency), id(35), option::of(id(35)), texts).prop_map(
        |((mark, value_date, entry_date, type_code), amount, customer_reference, bank_reference, texts)| {
            Entry {
                value_date,
                entry_date,
                mark,
                funds_code: None,
                amount,
                type_code,
                customer_reference,
                bank_reference,
                supplementary: texts.0,
                narratives: texts.1,
                payee_name: texts.2,
                return_reason: texts.3.filter(|_| mark.is_reversal()),
                ordinal: 0,
            }
        },
    )
}

fn statement() -> impl Strategy<Value = Statement> {
    currency().prop_flat_map(|currency| {
        let head = (id(35), id(34), any::<u32>(), option::of(0_u32..100_000));
        let balances = (amount(currency), any::<bool>(), day(), any::<bool>());
        (head, balances, vec(entry(currency), 0..5), vec(free_text(), 0..3)).prop_map(
            move |(head, (start, owes, date, intermediate), mut entries, information)| {
                entries.iter_mut().zip(1..).for_each(|(entry, n)| entry.ordinal = n);
                let start = if owes { start.checked_neg().unwrap() } else { start };
                let moved = entries.iter().map(|e| e.signed().unwrap());
                let end = Amount::sum(currency, std::iter::once(start).chain(moved)).unwrap();
                let balance =
                    |amount| Balance { intermediate, ..Balance::from_signed(amount, date).unwrap() };
                Statement {
                    format: Format::Camt053,
                    reference: head.0,
                    account: head.1,
                    account_currency: Some(currency),
                    statement_number: head.2,
                    sequence_number: head.3,
                    opening: Some(balance(start)),
                    entries,
                    closing: Some(balance(end)),
                    information,
                    ..Statement::default()
                }
            },
        )
    })
}

fn fit_all(lines: &mut Vec<String>, length: usize) {
    lines.iter_mut().for_each(|line| *line = fit_text(line, length));
    lines.retain(|line| !line.is_empty());
}

fn fit_one(text: &mut Option<String>, length: usize) {
    *text = text.take().map(|t| fit_text(&t, length)).filter(|t| !t.is_empty());
}

/// The statement as the format can hold it.
fn fitted(mut statement: Statement) -> Statement {
    fit_all(&mut statement.information, 500);
    for entry in &mut statement.entries {
        fit_all(&mut entry.narratives, 140);
        fit_one(&mut entry.supplementary, 500);
        fit_one(&mut entry.payee_name, 140);
        if let Some(reason) = &mut entry.return_reason {
            fit_all(&mut reason.information, 105);
        }
    }
    statement
}

fn initiation() -> impl Strategy<Value = Initiation> {
    currency().prop_flat_map(|currency| {
        let account = || {
            prop_oneof![
                "[A-Z]{2}[0-9]{10,20}".prop_map(Account::Iban),
                (id(34), option::of(id(35))).prop_map(|(id, scheme)| Account::Other { id, scheme })
            ]
        };
        let names = (option::of(free_text()), option::of(free_text()));
        let banks = (option::of(id(35)), option::of(id(35)));
        let payment = (id(35), amount(currency), account(), banks, names).prop_map(
            |(id, amount, account, banks, names)| {
                let mut transfer = CreditTransfer {
                    end_to_end_id: id,
                    amount,
                    creditor_bank: banks.0,
                    creditor_branch: banks.1,
                    creditor_name: names.0,
                    creditor_account: account,
                    remittance: names.1,
                };
                fit_one(&mut transfer.creditor_name, 140);
                fit_one(&mut transfer.remittance, 140);
                transfer
            },
        );
        let batch = (id(35), day(), free_text(), account(), id(35), vec(payment, 1..5)).prop_map(
            |(id, execution_date, name, debtor_account, debtor_bank, payments)| pain001::Batch {
                id,
                execution_date,
                debtor_name: fit_text(&name, 140),
                debtor_account,
                debtor_bank,
                payments,
            },
        );
        (id(35), 0_i64..4_000_000_000, free_text(), vec(batch, 1..3)).prop_map(
            |(message_id, at, party, batches)| Initiation {
                message_id,
                created: OffsetDateTime::from_unix_timestamp(at).unwrap(),
                initiating_party: fit_text(&party, 140),
                batches,
            },
        )
    })
}

fn report() -> impl Strategy<Value = Report> {
    let status = || prop::sample::select(Status::all().collect::<Vec<_>>());
    let fitted = || {
        prop_oneof![Just(ReturnReason::default()), reason()].prop_map(|mut reason| {
            fit_all(&mut reason.information, 105);
            reason
        })
    };
    let payment = (option::of(id(35)), id(35), status(), fitted(), option::of(id(35)));
    let batch = (option::of(status()), fitted(), vec(payment, 0..4));
    let group = (id(35), id(35), option::of(status()), fitted());
    (group, vec(batch, 0..3)).prop_map(|(group, batches)| {
        let mut report = Report {
            group: pain002::Group {
                message_id: group.0,
                original_message_id: group.1,
                status: group.2,
                reason: group.3,
            },
            ..Report::default()
        };
        for (n, (status, reason, payments)) in batches.into_iter().enumerate() {
            let batch_id = format!("BATCH-{n}");
            report.batches.push(pain002::Batch { id: batch_id.clone(), status, reason });
            report.transactions.extend(payments.into_iter().map(
                |(instruction_id, end_to_end_id, status, reason, bank_reference)| Transaction {
                    batch_id: batch_id.clone(),
                    instruction_id,
                    end_to_end_id,
                    status,
                    reason,
                    bank_reference,
                },
            ));
        }
        report
    })
}

proptest! {
    #[test]
    fn a_statement_that_is_written_is_read(all in vec(statement(), 1..3)) {
        let text = camt::to_text(&all).unwrap();
        let expected: Vec<_> = all.into_iter().map(fitted).collect();
        let read = statements(text.as_bytes());
        prop_assert_eq!(&read, &expected);
        for statement in &read {
            prop_assert_eq!(statement.verify_balances(), Ok(()));
        }
        prop_assert_eq!(camt::to_text(&read).unwrap(), text);
    }

    #[test]
    fn a_payment_order_that_is_written_is_read(message in initiation()) {
        let text = pain001::to_text(&message).unwrap();
        prop_assert_eq!(pain001::parse(text.as_bytes()).unwrap(), message);
    }

    #[test]
    fn a_status_report_that_is_written_is_read(report in report(), made in day()) {
        let text = pain002::to_text(&report, made).unwrap();
        prop_assert_eq!(pain002::parse(text.as_bytes()).unwrap(), report);
    }

    #[test]
    fn fitting_twice_changes_nothing(text in free_text()) {
        let once = fit_text(&text, 140);
        prop_assert_eq!(fit_text(&once, 140), once);
    }
}
