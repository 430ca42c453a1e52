package markdown_test

import (
	"fmt"

	"github.com/labelop/privacykit/policydoc/markdown"
)

const example = `# Privacy policy

## 1. What we collect {#collection disclose="category:account"}

Your *name* and address.

How long we keep it
-------------------

- Accounts: {{fact:retention:account}}
- Invoices: see [the law](https://example.com/law?a=1&b=2)
`

func Example() {
	doc, err := markdown.Parse([]byte(example), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for s := range doc.All() {
		fmt.Printf("%d %q %q %d words\n", s.Line, s.ID, s.Title, s.WordCount())
	}
	fmt.Println()
	fmt.Printf("%s", markdown.Render(doc))
	// Output:
	// 1 "privacy-policy" "Privacy policy" 2 words
	// 3 "collection" "1. What we collect" 8 words
	// 7 "how-long-we-keep-it" "How long we keep it" 13 words
	//
	// # Privacy policy {#privacy-policy}
	//
	// ## 1. What we collect {#collection disclose="category:account"}
	//
	// Your _name_ and address.
	//
	// ## How long we keep it {#how-long-we-keep-it}
	//
	// - Accounts: {{fact:retention:account}}
	// - Invoices: see [the law](https://example.com/law?a=1&amp;b=2)
}

func ExampleParse_limit() {
	_, err := markdown.Parse(make([]byte, 50_000_000), nil)
	fmt.Println(err)
	// Output: document has 50000000 bytes, the limit is 4194304
}
