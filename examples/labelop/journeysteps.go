package main

import (
	"context"
	"fmt"
	"io"
)

// customer is a customer of the journey, with an account and an image.
type customer struct{ token, image string }

// enter makes a customer who has done what the first journey shows.
func (j *journey) enter(ctx context.Context, name, born string) customer {
	var c customer
	c.token = j.quietly(ctx, request{method: "POST", path: "/accounts", status: 201, code: "allowed",
		body: object{"workspace": j.workspace + "-" + name, "email": name + "@customer.example", "born": born}}).Token
	for _, r := range []request{
		{method: "PUT", path: "/attestation", body: object{"basis": "legitimate_interests", "categories": []string{"content.images", "content.annotations"},
			"purposes": []string{"annotation", "assistance"}, "rights": true, "notices": true}},
		{method: "PUT", path: "/instructions", body: object{"id": "annotation", "purposes": []string{"annotation"}, "operations": []string{"collect", "store", "use"}}},
		{method: "PUT", path: "/preferences/marketing"},
	} {
		r.token, r.status, r.code = c.token, 200, "recorded"
		j.quietly(ctx, r)
	}
	c.image = j.quietly(ctx, request{method: "POST", path: "/images", token: c.token, upload: &file{name: "street.png", data: greenPicture()}, status: 201, code: "allowed"}).ID
	return c
}

// quietly does what is no step of this journey. If it fails, the journey does.
func (j *journey) quietly(ctx context.Context, r request) reply {
	quiet := &journey{out: io.Discard, url: j.url}
	got := quiet.do(ctx, r)
	j.surprises += quiet.surprises
	return got
}

// report is tell for what is no request.
func (j *journey) report(asks, why string, expected bool) {
	j.step++
	verdict := ""
	if !expected {
		j.surprises++
		verdict = "  ← not what was expected"
	}
	fmt.Fprintf(j.out, "%3d. %-66s     %s%s\n", j.step, asks, why, verdict)
}

func (j *journey) newsletter(c customer) request {
	return request{method: "POST", path: "/newsletter", token: c.token}
}
