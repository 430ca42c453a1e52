package archive

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"
)

// zipWriter writes entries and remembers their sums.
type zipWriter struct {
	zip      *zip.Writer
	modified time.Time
	entries  []Entry
	buffer   []byte
	out      *output
}

func newZipWriter(w io.Writer, modified time.Time) *zipWriter {
	out := &output{w: w}
	return &zipWriter{zip: zip.NewWriter(out), modified: modified.UTC(), buffer: make([]byte, 64<<10), out: out}
}

// output remembers that the host's writer failed, to tell it from a source.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil {
		o.err = err
	}
	return n, err
}

// entry writes a file. What content writes is hashed on its way.
func (z *zipWriter) entry(name string, method uint16, content func(w io.Writer) error) (Entry, error) {
	w, err := z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: z.modified})
	if err != nil {
		return Entry{}, err
	}
	sum := sha256.New()
	counted := &counter{w: io.MultiWriter(w, sum)}
	if err := content(counted); err != nil {
		return Entry{}, err
	}
	entry := Entry{Name: name, Size: counted.n, SHA256: hex.EncodeToString(sum.Sum(nil))}
	z.entries = append(z.entries, entry)
	return entry, nil
}

// copy copies all of r in a buffer that every file shares.
func (z *zipWriter) copy(ctx context.Context, w io.Writer, r io.Reader) error {
	// Hide the ReadFrom and WriteTo of both, which would take buffers of their own.
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, contextReader{ctx, r}, z.buffer)
	return err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// contextReader ends when its context does.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives as long as one copy
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
