package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"text/tabwriter"
)

// journey plays a customer against the running service, over real HTTP.
type journey struct {
	out       io.Writer
	url       string
	workspace string
	token     string
	stranger  string
	image     string
	step      int
	surprises int
}

func newJourney(out io.Writer, url string) *journey {
	return &journey{out: out, url: url, workspace: "workspace-" + strings.ToLower(rand.Text()[:8])}
}

// request is one request of the journey and what is expected of it.
type request struct {
	asks   string
	method string
	path   string
	token  string
	body   any
	upload *file
	status int
	code   string
}

type file struct {
	name string
	data []byte
	size int64
}

type object = map[string]any

// play runs every step. It returns an error if one went otherwise than expected.
func (j *journey) play(ctx context.Context) error {
	picture := greenPicture()
	content := []string{"content.images", "content.annotations"}
	account := func(born string) object {
		return object{"workspace": j.workspace, "email": "ada@customer.example", "born": born}
	}
	attestation := object{"basis": "legitimate_interests", "categories": content, "purposes": []string{"annotation", "assistance"}, "rights": true, "notices": true}
	instruction := object{"id": "annotation", "purposes": []string{"annotation"}, "operations": []string{"collect", "store", "use", "alter", "export", "erase"}}
	assistance := object{"id": "assistance", "purposes": []string{"assistance"}, "operations": []string{"use", "disclose"}, "recipients": []string{"vision-model"}}

	fmt.Fprintln(j.out, "The journey of a customer:")
	j.do(ctx, request{asks: "somebody of 17 wants an account", method: "POST", path: "/accounts", body: account(bornYearsAgo(17)), status: 403, code: "under_age"})
	opened := j.do(ctx, request{asks: "Ada, 36, opens an account", method: "POST", path: "/accounts", body: account(bornYearsAgo(36)), status: 201, code: "allowed"})
	j.token = opened.Token
	j.stranger = j.do(ctx, request{asks: "somebody of another company opens one", method: "POST", path: "/accounts",
		body: object{"workspace": j.workspace + "-other", "email": "eve@other.example", "born": bornYearsAgo(40)}, status: 201, code: "allowed"}).Token

	upload := request{method: "POST", path: "/images", token: j.token, upload: &file{name: "street.png", data: picture}}
	j.do(ctx, upload.expecting("she uploads an image, and nobody has attested anything", 403, "attestation_missing"))
	j.do(ctx, request{asks: "she attests without the rights in the content", method: "PUT", path: "/attestation", token: j.token,
		body: object{"basis": "legitimate_interests", "categories": content, "purposes": []string{"annotation"}}, status: 400, code: "invalid"})
	j.do(ctx, request{asks: "she attests rights, notices and a legal basis", method: "PUT", path: "/attestation", token: j.token, body: attestation, status: 200, code: "recorded"})
	j.do(ctx, upload.expecting("she uploads again, and has instructed nothing", 403, "instruction_missing"))
	j.do(ctx, request{asks: "she instructs LabelOp to store and annotate", method: "PUT", path: "/instructions", token: j.token, body: instruction, status: 200, code: "recorded"})
	j.image = j.do(ctx, upload.expecting("she uploads again", 201, "allowed")).ID
	text := upload
	text.upload = &file{name: "notes.png", data: []byte("a text file by another name")}
	j.do(ctx, text.expecting("she uploads a text file named .png", 415, "not_an_image"))
	huge := upload
	huge.upload = &file{name: "huge.png", data: picture, size: 200 << 20}
	j.do(ctx, huge.expecting("she uploads 200 MB", 413, "too_large"))
	j.do(ctx, request{asks: "she annotates the image", method: "PUT", path: "/images/" + j.image + "/annotation", token: j.token, body: object{"annotation": "a meadow"}, status: 200, code: "allowed"})
	j.do(ctx, request{asks: "the other company asks for her image", method: "PUT", path: "/images/" + j.image + "/annotation", token: j.stranger, body: object{"annotation": "mine"}, status: 404, code: "not_found"})

	suggest := request{method: "POST", path: "/images/" + j.image + "/suggestion", token: j.token}
	j.do(ctx, suggest.expecting("she asks a model for a label: a disclosure she has not instructed", 403, "instruction_missing"))
	j.do(ctx, request{asks: "she instructs it, naming the model provider", method: "PUT", path: "/instructions", token: j.token, body: assistance, status: 200, code: "recorded"})
	j.do(ctx, suggest.expecting("she asks again", 200, "allowed"))
	j.do(ctx, request{asks: "she objects to the model provider", method: "PUT", path: "/objections/vision-model", token: j.token, status: 200, code: "recorded"})
	j.do(ctx, suggest.expecting("she asks once more", 403, "sub_processor_objected"))

	newsletter := request{method: "POST", path: "/newsletter", token: j.token}
	j.do(ctx, newsletter.expecting("LabelOp wants to send her the newsletter", 403, "consent_missing"))
	j.do(ctx, request{asks: "she agrees, having been shown the notice", method: "PUT", path: "/preferences/marketing", token: j.token, status: 200, code: "recorded"})
	j.do(ctx, newsletter.expecting("LabelOp sends it", 202, "allowed"))
	j.do(ctx, request{asks: "she changes her mind", method: "DELETE", path: "/preferences/marketing", token: j.token, status: 200, code: "recorded"})
	j.do(ctx, newsletter.expecting("LabelOp wants to send the next one", 403, "consent_withdrawn"))

	j.do(ctx, request{asks: "she withdraws her attestation", method: "DELETE", path: "/attestation", token: j.token, status: 200, code: "recorded"})
	j.do(ctx, upload.expecting("she uploads another image", 403, "attestation_withdrawn"))

	j.count(ctx, "she looks at the decision log", "/decisions", 12)
	j.count(ctx, "and at who received her data", "/disclosures", 1)
	return j.verdict()
}

// verdict says how the journey went.
func (j *journey) verdict() error {
	if j.surprises > 0 {
		return fmt.Errorf("%d steps of the journey went otherwise than expected", j.surprises)
	}
	fmt.Fprintf(j.out, "All %d steps went as expected.\n", j.step)
	return nil
}

func (r request) expecting(asks string, status int, code string) request {
	r.asks, r.status, r.code = asks, status, code
	return r
}

// do sends a request and prints one line: what was asked, and why it was
// allowed or refused.
func (j *journey) do(ctx context.Context, r request) reply {
	status, body, err := j.send(ctx, r)
	var got reply
	if err == nil {
		err = json.Unmarshal(body, &got)
	}
	why := []string{got.Code}
	for _, part := range []string{got.Role, got.Basis, got.Label} {
		if part != "" {
			why = append(why, part)
		}
	}
	if measures := got.Measures.String(); got.Measures != 0 {
		why = append(why, "with "+measures)
	}
	j.tell(r.asks, status, strings.Join(why, ", "), err == nil && status == r.status && got.Code == r.code)
	return got
}

// count asks for a list and expects it to have a number of entries.
func (j *journey) count(ctx context.Context, asks, path string, want int) {
	status, body, err := j.send(ctx, request{method: "GET", path: path, token: j.token})
	var entries []loggedDecision
	if err == nil {
		err = json.Unmarshal(body, &entries)
	}
	j.tell(asks, status, fmt.Sprintf("%d entries", len(entries)), err == nil && status == 200 && len(entries) == want)
}

func (j *journey) tell(asks string, status int, why string, expected bool) {
	j.step++
	verdict := ""
	if !expected {
		j.surprises++
		verdict = "  ← not what was expected"
	}
	fmt.Fprintf(j.out, "%3d. %-66s %d %s%s\n", j.step, asks, status, why, verdict)
}

func (j *journey) send(ctx context.Context, r request) (int, []byte, error) {
	body, contentType, length, err := r.encode()
	if err != nil {
		return 0, nil, err
	}
	message, err := http.NewRequestWithContext(ctx, r.method, j.url+r.path, body)
	if err != nil {
		return 0, nil, err
	}
	message.Header.Set("Content-Type", contentType)
	message.Header.Set("Authorization", "Bearer "+r.token)
	if length > 0 {
		// The server refuses before it reads such a body; it is not sent in vain.
		message.ContentLength = length
		message.Header.Set("Expect", "100-continue")
	}
	response, err := http.DefaultClient.Do(message)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// encode returns the body, its type, and its length where it is streamed.
func (r request) encode() (io.Reader, string, int64, error) {
	if r.upload == nil {
		data, err := json.Marshal(r.body)
		return bytes.NewReader(data), "application/json", 0, err
	}
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("image", r.upload.name)
	if err != nil {
		return nil, "", 0, err
	}
	if _, err := part.Write(r.upload.data); err != nil {
		return nil, "", 0, err
	}
	if rest := r.upload.size - int64(form.Len()); rest > 0 {
		return io.MultiReader(&form, io.LimitReader(zeros{}, rest)), writer.FormDataContentType(), r.upload.size, nil
	}
	return &form, writer.FormDataContentType(), 0, writer.Close()
}

// zeros is an endless file of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func greenPicture() []byte {
	picture := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			picture.Set(x, y, color.RGBA{R: uint8(x / 4), G: uint8(120 + y/2), B: 60, A: 255})
		}
	}
	var data bytes.Buffer
	_ = png.Encode(&data, picture) // a buffer takes everything
	return data.Bytes()
}

func bornYearsAgo(years int) string {
	return now().AddDate(-years, 0, -1).Format("2006-01-02")
}

// printCommands tells how to go on by hand.
func (j *journey) printCommands(database string) {
	fmt.Fprintf(j.out, "\nGo on by hand, as Ada (stop with Ctrl-C):\n\n")
	commands := tabwriter.NewWriter(j.out, 0, 0, 2, ' ', 0)
	auth := fmt.Sprintf("-H 'Authorization: Bearer %s'", j.token)
	for _, command := range [][2]string{
		{"attest again", fmt.Sprintf(`curl -X PUT %s %s/attestation -d '{"basis":"consent","categories":["content"],"purposes":["annotation","assistance"],"rights":true,"notices":true,"consents":true}'`, auth, j.url)},
		{"upload an image", fmt.Sprintf("curl %s -F image=@picture.png %s/images", auth, j.url)},
		{"who received it", fmt.Sprintf("curl %s %s/disclosures", auth, j.url)},
		{"why, each time", fmt.Sprintf("curl %s %s/decisions", auth, j.url)},
		{"record of processing", fmt.Sprintf("curl '%s/record?format=csv'", j.url)},
		{"the evidence", fmt.Sprintf("sqlite3 %s 'SELECT * FROM privacy_events'", database)},
	} {
		fmt.Fprintf(commands, "  %s\t%s\n", command[0], command[1])
	}
	_ = commands.Flush() // as for every line before
}
