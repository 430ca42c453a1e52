package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
)

// DRP#37, froide#469: a requester was told of a longer period without a reason,
// or without the new date. Such a message is not composed, under any regime that
// knows an extension and says what to tell.
func TestKnownFailureExtensionIsToldWithoutReasonOrDate(t *testing.T) {
	c := composer(t, nil)
	every(t, func(t *testing.T, r *regime.Regime, notice regime.Notice, request regime.Request) {
		if notice.Kind != regime.NoticeExtension {
			return
		}
		for _, content := range notice.MustInclude {
			data := complete(request)
			switch content {
			case "reasons":
				data.Reasons = ""
			case "new_due_date":
				data.NewDue = message.Data{}.NewDue
			case "complaint_to_commissioner":
				data.Authority = message.Party{}
			default:
				t.Errorf("%s requires %s, which this test does not know", r.Version(), content)
			}
			_, err := c.Compose(r, notice.Kind, data)
			require.ErrorContains(t, err, string(content)+": "+notice.Cite, "%s %s", r.Version(), request)
		}
	})
}
