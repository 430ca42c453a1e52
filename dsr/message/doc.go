// Package message composes what a controller writes about a request: the
// acknowledgement, the question, the extension, the refusal, the answer in part
// or in full, the notice to recipients (GDPR Art. 19) and the hand-over from a
// processor to its controller (GDPR Art. 28(3)(e)).
//
// # What a message must contain
//
// The regime lists, for each kind of message and right, the elements that the
// law requires (regime.Notice): the reasons of a refusal, the way to the
// supervisory authority, and so on. Composer.Compose renders each element from
// a block of its own, and an element that did not get into the text is an error
// that names it and its article. So neither missing data nor a host's own
// template can lead to a message that the law calls incomplete.
//
// # Templates
//
// A Catalog holds one template file per locale, in the language of text/template.
// The embedded ones are en, en-US, de, fr and es. Blocks are named by what they
// render: "subject.refusal" and "body.refusal" for a kind, "element.reasons" for
// an element, "request.access" for the name of a right, "month.1", "date",
// "greeting" and "closing". Catalog.With overrides blocks one by one or adds a
// locale; a locale inherits what it does not define from the closest one. The
// dot of every block is a *Page: the Data, and the methods that render parts.
// A template is tried on complete sample data when a Catalog is made, so that
// what it asks for and Data has not fails at start-up and not in a letter.
//
// The locale is the best match of what the requester prefers. Dates are written
// in words of the locale, because 3/4 is a day in March to some.
//
// # Composing, recording, sending
//
// The library composes and records, the host sends. A Desk does the three in
// order: what was composed goes into the log of the case as kind, locale,
// version of the template, elements and a keyed hash of the text, never the
// text itself; then the Sender gets the message. Messages are plain text; who
// puts one into HTML escapes it.
package message
