//! The laid out document as the bytes of a PDF.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{
    Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo, TableHeaderScope, UnicodeCmap},
};

use super::{
    font::Font,
    layout::{PAGE, Part, Sheet},
};

const INFO: SystemInfo<'_> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Numbers of the objects of a font.
struct FontRefs {
    font: Ref,
    cid: Ref,
    descriptor: Ref,
    file: Ref,
    unicode: Ref,
}

/// The PDF.
pub(super) fn pdf(sheet: Sheet, title: &str) -> Vec<u8> {
    let mut next = Ref::new(1);
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let (catalog, tree, info, structure) = (next.bump(), next.bump(), next.bump(), next.bump());
    let parents = next.bump();
    let mut font_refs = || FontRefs {
        font: next.bump(),
        cid: next.bump(),
        descriptor: next.bump(),
        file: next.bump(),
        unicode: next.bump(),
    };
    let (regular, bold) = (font_refs(), font_refs());
    let pages: Vec<(Ref, Ref)> = sheet.pages.iter().map(|_| (next.bump(), next.bump())).collect();
    let elements: Vec<Ref> = sheet.elements.iter().map(|_| next.bump()).collect();
    let of_page = |at: usize| pages.get(at).map_or(tree, |(page, _)| *page);
    let of_element = |at: usize| elements.get(at).copied().unwrap_or(structure);

    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr("en"));
    root.mark_info().marked(true);
    root.viewer_preferences().display_doc_title(true);
    root.pair(Name(b"StructTreeRoot"), structure);
    root.finish();
    pdf.document_info(info).title(TextStr(title)).creator(TextStr("G2P Bridge"));

    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(count);
    let mut owners = Vec::new();
    for ((page, refs), number) in sheet.pages.into_iter().zip(&pages).zip(0..) {
        let mut dict = pdf.page(refs.0);
        dict.parent(tree)
            .media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1))
            .contents(refs.1)
            .struct_parents(number);
        dict.pair(Name(b"Tabs"), Name(b"S"));
        dict.resources().fonts().pair(Name(b"R"), regular.font).pair(Name(b"B"), bold.font);
        dict.finish();
        let bytes = packed(&page.content.finish());
        pdf.stream(refs.1, &bytes).filter(Filter::FlateDecode);
        owners.push(page.owners);
    }

    let mut dict = pdf.indirect(structure).dict();
    dict.pair(Name(b"Type"), Name(b"StructTreeRoot"));
    dict.pair(Name(b"K"), of_element(0)).pair(Name(b"ParentTree"), parents);
    dict.pair(Name(b"ParentTreeNextKey"), count);
    dict.finish();
    let mut dict = pdf.indirect(parents).dict();
    let mut nums = dict.insert(Name(b"Nums")).array();
    for (owners, number) in owners.into_iter().zip(0_i32..) {
        nums.item(number);
        nums.push().array().items(owners.into_iter().map(of_element));
    }
    nums.finish();
    dict.finish();

    for (element, id) in sheet.elements.iter().zip(&elements) {
        let mut dict = pdf.struct_element(*id);
        dict.kind(element.role).parent(element.parent.map_or(structure, of_element));
        let mut parts = dict.children();
        for part in &element.parts {
            match part {
                Part::Element(at) => {
                    parts.struct_element(of_element(*at));
                }
                Part::Text(page, number) => {
                    parts.marked_content_ref().page(of_page(*page)).marked_content_id(*number);
                }
            }
        }
        parts.finish();
        if element.role == pdf_writer::types::StructRole::TH {
            let scope = if element.heads_column { TableHeaderScope::Column } else { TableHeaderScope::Row };
            dict.attributes().push().table().scope(scope);
        }
    }

    font(&mut pdf, &sheet.regular, &regular);
    font(&mut pdf, &sheet.bold, &bold);
    pdf.finish()
}

fn font(pdf: &mut Pdf, font: &Font, refs: &FontRefs) {
    let name = Name(font.name.as_bytes());
    pdf.type0_font(refs.font)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(refs.cid)
        .to_unicode(refs.unicode);
    let mut cid = pdf.cid_font(refs.cid);
    cid.subtype(CidFontType::Type2).base_font(name).system_info(INFO).font_descriptor(refs.descriptor);
    cid.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    for glyph in font.used.keys() {
        widths.consecutive(*glyph, [font.advance(*glyph)]);
    }
    widths.finish();
    cid.finish();
    let (face, scaled) = (&font.face, |units: i16| font.scaled(f32::from(units)));
    let bounds = face.global_bounding_box();
    pdf.font_descriptor(refs.descriptor)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(
            scaled(bounds.x_min),
            scaled(bounds.y_min),
            scaled(bounds.x_max),
            scaled(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(scaled(face.capital_height().unwrap_or(face.ascender())))
        .stem_v(if face.is_bold() { 120.0 } else { 80.0 })
        .font_file2(refs.file);
    let bytes = packed(font.bytes);
    let mut file = pdf.stream(refs.file, &bytes);
    file.filter(Filter::FlateDecode);
    file.pair(Name(b"Length1"), i32::try_from(font.bytes.len()).unwrap_or(0));
    file.finish();
    let mut cmap = UnicodeCmap::<u16>::new(Name(b"Custom"), INFO);
    for (glyph, letter) in &font.used {
        cmap.pair(*glyph, *letter);
    }
    let cmap = cmap.finish();
    pdf.cmap(refs.unicode, &cmap);
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
