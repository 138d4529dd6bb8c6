//! Files that were spoilt by chance: reading one never ends in a panic, and never takes much memory or time.
//!
//! Seeded and bounded in time, so that it runs with the other tests: `FUZZ_SECONDS` (3 unless set) and `FUZZ_SEED` (a new
//! one each run, printed when something is found) say how long and which.

use std::time::{Duration, Instant};

use bank_formats::iso20022::{camt, pain001, pain002};
use bank_formats::mt940::{self, LONGEST_REFERENCE, Statement};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Pieces that are put in: what readers stumble over.
const PIECES: [&[u8]; 30] = [
    b"<",
    b">",
    b"</",
    b"/>",
    b"&",
    b"&amp;",
    b"&#0;",
    b"&#xFFFFFFFF;",
    b"&x;",
    b"<!DOCTYPE x [<!ENTITY x \"y\">]>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?",
    b"?>",
    b"<Ntry>",
    b"</Ntry>",
    b"<TxDtls>",
    b"<Amt Ccy='KES'>",
    b"\xff",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\n:61:2601020102D1,00NTRFX//Y\n",
    b"\n:20:",
    b"\n:86:",
    b"-}{4:",
    b"\r",
    b"99999999999999999999",
    b"\xf0\x9f\xa6\x80",
];

const MT940: &str = ":20:S\r\n:25:A\r\n:28C:1/1\r\n:60F:C260101KES100,\r\n:61:2601020102D40,00NTRFP//B\r\n:86:a\r\nb\r\n\
    :62F:C260102KES60,\r\n";
const CAMT: &str = "<?xml version='1.0'?><Document xmlns='x'><BkToCstmrStmt><Stmt><Id>S</Id><ElctrncSeqNb>1</ElctrncSeqNb>\
    <Acct><Id><IBAN>A</IBAN></Id><Ccy>KES</Ccy></Acct><Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>\
    <Amt Ccy='KES'>9</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-02</Dt></Dt></Bal><Ntry><Amt Ccy='KES'>3</Amt>\
    <CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-02</Dt></BookgDt><NtryDtls><TxDtls><Refs>\
    <EndToEndId>P1</EndToEndId></Refs><Amt Ccy='KES'>1</Amt></TxDtls><TxDtls><Refs><EndToEndId>P2</EndToEndId></Refs>\
    <Amt Ccy='KES'>2</Amt><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>";
const REPORT: &str = "<Document><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId>\
    <GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId><TxInfAndSts>\
    <OrgnlEndToEndId>D</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>\
    </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>";
const ORDER: &str = "<Document><CstmrCdtTrfInitn><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-01-02T03:04:05Z</CreDtTm><NbOfTxs>1</NbOfTxs>\
    <CtrlSum>1</CtrlSum></GrpHdr><PmtInf><PmtInfId>B</PmtInfId><ReqdExctnDt><Dt>2026-01-02</Dt></ReqdExctnDt><DbtrAcct><Id>\
    <IBAN>A</IBAN></Id></DbtrAcct><DbtrAgt><FinInstnId><ClrSysMmbId><MmbId>X</MmbId></ClrSysMmbId></FinInstnId></DbtrAgt>\
    <CdtTrfTxInf><PmtId><EndToEndId>D</EndToEndId></PmtId><Amt><InstdAmt Ccy='KES'>1</InstdAmt></Amt><CdtrAcct><Id><Othr>\
    <Id>9</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>";

/// One to four changes.
fn spoil(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut ChaCha8Rng) {
    for _ in 0..dice.random_range(1..=4) {
        let at = dice.random_range(0..=bytes.len());
        let end = (at + dice.random_range(0..60)).min(bytes.len());
        match dice.random_range(0..8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.random_range(0..8),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, PIECES.choose(dice).unwrap().iter().copied())),
            3 => {
                let again = bytes[at..end].repeat(dice.random_range(1..20));
                drop(bytes.splice(end..end, again));
            }
            4 => {
                let other = corpus.choose(dice).unwrap();
                let from = dice.random_range(0..other.len());
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            5 => drop(bytes.splice(at..end, b"<a>".repeat(dice.random_range(1..200)))),
            6 => {
                let long = PIECES.choose(dice).unwrap().repeat(dice.random_range(1..4000));
                drop(bytes.splice(at..end, long));
            }
            _ => {
                let noise: Vec<u8> = (0..dice.random_range(0..40)).map(|_| dice.random()).collect();
                drop(bytes.splice(at..end, noise));
            }
        }
    }
}

fn bounded(statement: &Statement) {
    let _ = statement.verify_balances();
    let mut names = vec![&statement.reference, &statement.account];
    for entry in &statement.entries {
        assert!(!entry.amount.is_negative());
        names.push(&entry.customer_reference);
        names.extend(&entry.bank_reference);
        assert!(entry.narratives.iter().chain(&entry.payee_name).all(|text| !text.contains('\0')));
    }
    assert!(names.iter().all(|name| name.chars().count() <= LONGEST_REFERENCE && !name.contains('\0')));
    assert!(statement.problems.len() <= 1000);
    let ordinals: Vec<_> = statement.entries.iter().map(|e| e.ordinal).collect();
    assert!(ordinals.windows(2).all(|pair| pair[0] < pair[1]));
}

/// Reads a file as anything it could be; what was read can be written or is refused.
fn read(bytes: &[u8]) {
    let all = [mt940::parse(bytes), camt::parse(bytes)].concat();
    all.iter().for_each(bounded);
    let _ = mt940::to_text(&all);
    if let Ok(text) = camt::to_text(&all) {
        assert_eq!(camt::parse(text.as_bytes()).len(), all.len());
    }
    if let Ok(order) = pain001::parse(bytes)
        && let Ok(text) = pain001::to_text(&order)
    {
        assert_eq!(pain001::parse(text.as_bytes()).unwrap().message_id, order.message_id);
    }
    if let Some(report) = pain002::parse(bytes) {
        assert!(report.problems.len() <= 1000);
        let _ = pain002::to_text(&report, time::macros::date!(2026 - 01 - 02));
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn no_file_however_spoilt_ends_in_a_panic() {
    let corpus: Vec<Vec<u8>> = [MT940, CAMT, REPORT, ORDER].map(|text| text.as_bytes().to_vec()).into();
    assert!(pain001::parse(ORDER.as_bytes()).is_ok(), "the corpus is right before it is spoilt");
    assert_eq!(camt::parse(CAMT.as_bytes())[0].entries.len(), 2);
    let seed = number("FUZZ_SEED", rand::rng().random());
    let until = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS", 3));
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut files = 0_u64;
    while Instant::now() < until {
        let mut bytes = corpus.choose(&mut dice).unwrap().clone();
        spoil(&mut bytes, &corpus, &mut dice);
        let result = std::panic::catch_unwind(|| read(&bytes));
        assert!(
            result.is_ok(),
            "FUZZ_SEED={seed} file {files}: {:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(2000)])
        );
        files += 1;
    }
    assert!(files > 0, "FUZZ_SECONDS is too short for a single file");
}
