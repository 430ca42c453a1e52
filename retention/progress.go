package retention

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const progressWidth = 30

// ProgressBar returns a function for SweepOptions.Progress that draws a bar on a
// terminal, over the one before, and ends the line when nothing is left. What w
// fails to write is lost.
func ProgressBar(w io.Writer) func(Progress) {
	return func(p Progress) {
		full, percent := progressWidth, 100
		if total := p.Done + p.Left; total > 0 {
			full, percent = p.Done*progressWidth/total, p.Done*100/total
		}
		line := fmt.Sprintf("\r[%s%s] %3d%%  %d of %d", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full),
			percent, p.Done, p.Done+p.Left)
		if p.PerSecond > 0 {
			line += fmt.Sprintf("  %.1f/s", p.PerSecond)
		}
		if !p.ExpectedEnd.IsZero() {
			line += "  until " + p.ExpectedEnd.Format(time.TimeOnly) + " UTC"
		}
		line += "\x1b[K"
		if p.Left == 0 {
			line += "\n"
		}
		_, _ = io.WriteString(w, line)
	}
}
