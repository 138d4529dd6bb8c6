use bank_formats::iso20022::WriteError;
use bank_formats::iso20022::pain001::{self, Account, CreditTransfer, Initiation};
use bank_formats::iso20022::pain002::{self, Status};
use money::{Amount, Currency};
use time::macros::{date, datetime};

fn transfer(id: &str, amount: Amount) -> CreditTransfer {
    CreditTransfer {
        end_to_end_id: id.to_owned(),
        amount,
        creditor_bank: Some("EXBK".to_owned()),
        creditor_branch: None,
        creditor_name: Some("Amina <Otieno>".to_owned()),
        creditor_account: Account::Other { id: "0700000001".to_owned(), scheme: Some("MSISDN".to_owned()) },
        remittance: Some("Food\nJuly".to_owned()),
    }
}

fn order() -> Initiation {
    let payments = [("D-1", 1050), ("D-2", 5)];
    Initiation {
        message_id: "M-1".to_owned(),
        created: datetime!(2026-01-02 03:04:05 UTC),
        initiating_party: "Ministry".to_owned(),
        batches: vec![pain001::Batch {
            id: "B-1".to_owned(),
            execution_date: date!(2026 - 01 - 02),
            debtor_name: "Food programme".to_owned(),
            debtor_account: Account::Other { id: "SPONSOR-1".to_owned(), scheme: None },
            debtor_bank: "EXAMPLE_BANK".to_owned(),
            payments: payments
                .map(|(id, minor)| {
                    transfer(id, Amount::from_minor(minor, Currency::from_code("BHD").unwrap()))
                })
                .to_vec(),
        }],
    }
}

#[test]
fn a_payment_order_says_how_many_and_how_much() {
    let text = pain001::to_text(&order()).unwrap();
    assert_eq!(text.matches("<NbOfTxs>2</NbOfTxs><CtrlSum>1.055</CtrlSum>").count(), 2, "{text}");
    assert!(text.contains("<InstdAmt Ccy=\"BHD\">0.005</InstdAmt>"), "{text}");
    assert!(text.contains("<Nm>Amina &lt;Otieno&gt;</Nm>") && text.contains("<Ustrd>Food July</Ustrd>"));
    assert!(text.contains("<CreDtTm>2026-01-02T03:04:05Z</CreDtTm>"));
    assert!(!format!("{:?}", order()).contains("Amina") && !format!("{:?}", order()).contains("0700000001"));
}

#[test]
fn what_would_be_another_payment_is_not_written() {
    let refused = |change: fn(&mut Initiation)| {
        let mut message = order();
        change(&mut message);
        pain001::to_text(&message).unwrap_err()
    };
    for bad in ["", " D", "D\u{7}", &"9".repeat(36)] {
        let mut message = order();
        message.batches[0].payments[0].end_to_end_id = bad.to_owned();
        assert!(matches!(pain001::to_text(&message), Err(WriteError::Identifier { .. })), "{bad:?}");
    }
    let other = refused(|m| m.batches[0].payments[1].amount = Amount::from_minor(1, Currency::KES));
    assert!(matches!(other, WriteError::Money(_)));
    assert_eq!(refused(|m| m.batches[0].payments.clear()), WriteError::Empty("payment"));
    assert_eq!(refused(|m| m.batches.clear()), WriteError::Empty("payment"));
    let negative = refused(|m| {
        m.batches[0].payments[1].amount = Amount::from_minor(-1, Currency::from_code("BHD").unwrap());
    });
    assert!(matches!(negative, WriteError::Amount(_)));
}

#[test]
fn an_order_whose_sums_do_not_fit_is_not_read() {
    let text = pain001::to_text(&order()).unwrap();
    for (from, to, reason) in [
        ("<NbOfTxs>2<", "<NbOfTxs>3<", "NbOfTxs"),
        ("<CtrlSum>1.055<", "<CtrlSum>1.056<", "CtrlSum"),
        (">D-2<", "><", "EndToEndId"),
        (">0.005<", ">0.0005<", "decimals"),
    ] {
        let error = pain001::parse(text.replace(from, to).as_bytes()).unwrap_err();
        assert!(error.reason.contains(reason), "{reason}: {error}");
    }
    assert!(pain001::parse(b"<Document/>").is_err());
}

const REPORT: &str = "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.03'><CstmrPmtStsRpt>
 <GrpHdr><MsgId>R-1</MsgId></GrpHdr>
 <OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
 <OrgnlPmtInfAndSts><OrgnlPmtInfId>B-1</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>
  <TxInfAndSts><OrgnlEndToEndId>D-1</OrgnlEndToEndId><TxSts>ACSC</TxSts><AcctSvcrRef>X</AcctSvcrRef></TxInfAndSts>
  <TxInfAndSts><OrgnlEndToEndId>D-2</OrgnlEndToEndId><TxSts>WHAT</TxSts></TxInfAndSts>
  <TxInfAndSts><OrgnlEndToEndId>D-3</OrgnlEndToEndId><TxSts>RJCT</TxSts>
   <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></StsRsnInf></TxInfAndSts>
  <TxInfAndSts><TxSts>PDNG</TxSts></TxInfAndSts>
 </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>";

#[test]
fn a_report_says_what_became_of_each_payment() {
    let report = pain002::parse(REPORT.as_bytes()).unwrap();
    assert_eq!(
        (report.group.original_message_id.as_str(), report.group.status),
        ("M-1", Some(Status::Partial))
    );
    let [paid, refused] = &report.transactions[..] else { panic!("{report:?}") };
    assert_eq!(
        (paid.end_to_end_id.as_str(), paid.status, paid.bank_reference.as_deref(), paid.batch_id.as_str()),
        ("D-1", Status::Settled, Some("X"), "B-1")
    );
    assert_eq!((refused.end_to_end_id.as_str(), refused.status), ("D-3", Status::Rejected));
    assert_eq!(refused.reason.code.as_deref(), Some("AC04"));
    let problems: Vec<usize> = report.problems.iter().map(|p| p.line).collect();
    assert_eq!(problems, [2, 4], "a status that cannot be read costs that payment only");
    assert_eq!(pain002::parse(b":20:A"), None);
    let cut = &REPORT[..REPORT.find("D-3").unwrap()];
    let report = pain002::parse(cut.as_bytes()).unwrap();
    assert_eq!(report.transactions.len(), 1);
    assert!(report.problems.last().unwrap().reason.contains("from here on"));
}

#[test]
fn a_refused_file_is_refused_as_a_whole() {
    let text = "<Document><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><GrpSts>RJCT</GrpSts>\
        <StsRsnInf><Rsn><Prtry>DUPL</Prtry></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>";
    let group = pain002::parse(text.as_bytes()).unwrap().group;
    assert_eq!((group.status, group.reason.code.as_deref()), (Some(Status::Rejected), Some("DUPL")));
}
