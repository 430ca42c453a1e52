package sqltable

// ParseTimestamp reads a timestamp of text.
var ParseTimestamp = parseTimestamp
