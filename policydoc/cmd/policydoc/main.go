// Command policydoc checks, compares and renders privacy policies, for people
// who do not write Go and for CI.
//
//	policydoc lint -declaration declaration.json [-regimes gdpr,uk,ca] [-json] policy.md [translation.md …]
//	policydoc facts -declaration declaration.json [-against older.json] [-json]
//	policydoc diff [-format text|html|page|json] [-all] [-locale en] older.md newer.md
//	policydoc render [-format html|page|text|markdown] [-toc 2] [-locale en] [-declaration declaration.json] policy.md
//
// It exits with 0 if all is well, with 1 if it found something (lint has a
// finding that is no advice, the texts of diff differ, facts has a material
// change), and with 2 if it could not do its work.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
