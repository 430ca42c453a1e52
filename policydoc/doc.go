// Package policydoc treats a privacy policy as a document that knows the code:
// nobody changes what the software does with personal data without the policy
// noticing, nor publishes a policy that the software does not keep.
//
// # The text
//
// A Document is a policy as a tree of sections with stable ids, whatever it was
// written in; package policydoc/markdown makes one of Markdown. RenderHTML writes
// it as an article that is safe to serve, RenderPage puts a page around that, and
// Document.Text is plain text. DiffDocuments compares two texts by section and
// word.
//
// # The facts
//
// FactsOf derives from a privacy.Register what a policy has to tell: who the
// operator is and with whom it decides, categories, purposes, bases, recipients,
// countries, retention, rights, ages; FactsFor asks the gate's judge of transfers too, so that the policy
// tells the mechanism relied on. The text says which section discloses which fact, and can let
// Document.Resolve write a fact's value, so that it cannot drift. Reconcile
// reports what is done and not disclosed, what is disclosed and not declared,
// duties to inform (GDPR Arts. 13 and 14, and the lists of the United Kingdom and
// California) that no section fulfils, and translations that disclose less.
// Hosts run it in CI with policydoctest.RequireReconciled; people who do not
// write Go run the command policydoc/cmd/policydoc.
//
// # The versions
//
// A Service publishes Versions into a Store. A version never changes: it holds
// the texts in all languages, the facts, when it takes effect and what a person
// declared it to be, editorial or material. What changed in the facts is checked
// against a MaterialityTable, which is data in law/materiality.json: a new
// purpose or a longer retention cannot be called editorial, and material versions
// wait for the notice period. Version.Obligations says what else has to happen,
// such as renewed consent for one purpose.
//
// Every version and every withdrawal is an Entry bound by its hash to all before
// it, so that anybody can check the chain offline with VerifyChain. A version is
// scheduled, then in force until the next one, or withdrawn before its time: at
// any instant since the first, exactly one is in force. History finds it.
//
// Acknowledgements prove who was shown or accepted which version. Publishing
// writes nothing per subject: a store keeps the highest version that a subject
// acknowledged, and what is outstanding is a query.
//
// What is uncertain in the tables of law is said in the files themselves.
package policydoc
