// Package markdown reads policies written in Markdown into policydoc's model and
// writes them back in one normalised form. Parsing is goldmark's; this package
// only turns its tree into sections, blocks and spans.
//
// The dialect is CommonMark with tables, strikethrough, footnotes and heading
// attributes. What an author may add for policydoc:
//
//   - An explicit section id, which keeps links valid when a title changes:
//     "## What we collect {#collection}".
//   - Front matter between two lines "---" at the very start, with entries
//     "key: value" (quoted or not). Values of several lines are kept but not
//     interpreted: this is not YAML. "title" and "locale" are understood.
//   - A statement of what a section discloses, which no reader sees: a heading
//     attribute {disclose="category:account purpose:billing"}, or a comment
//     <!-- disclose: category:account, purpose:billing --> at the end of a
//     paragraph or list item, or on a line of its own. It counts for the section
//     it stands in.
//   - A declared fact in the text: {{fact:retention:account}}.
//
// Raw HTML is reduced to what a reader reads: text, links, images, line breaks,
// anchors, strong and emphasised text. Everything else of it is dropped, scripts
// and styles with their content.
package markdown
