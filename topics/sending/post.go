package sending

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"claviger/internal/delivery"
	"claviger/internal/outbound"
	"claviger/topics/notification"
	"claviger/topics/topic"
)

// answersWithin is how long a receiver has for one message: AWS waits 15 seconds.
const answersWithin = 15 * time.Second

// post sends a message to a URL.
func (s *Sending) post(ctx context.Context, t *topic.Topic, sub *topic.Subscription, p *parcel,
	m *topic.Message) error {
	how := topic.EffectiveOf(t, sub)
	if how.Throttle != nil && p.Type == notification.Notification {
		wait := s.throttles.take(sub.ARN(), how.Throttle.MaxReceivesPerSecond, s.Now())
		if wait > 0 {
			return delivery.Wait{For: wait}
		}
	}
	header := http.Header{
		"X-Amz-Sns-Message-Type": {p.Type},
		"X-Amz-Sns-Message-Id":   {m.ID},
		"X-Amz-Sns-Topic-Arn":    {sub.Topic.ARN()},
		"Content-Type":           {topic.UsualType},
		"User-Agent":             {"Amazon Simple Notification Service Agent"},
		"Accept-Encoding":        {"gzip,deflate"},
	}
	if p.Type != notification.SubscriptionConfirmation {
		header.Set("X-Amz-Sns-Subscription-Arn", sub.ARN())
	}
	body := []byte(m.For(sub.Protocol))
	if p.Type == notification.Notification {
		header.Set("Content-Type", how.Request.HeaderContentType)
	}
	if p.Type == notification.Notification && sub.Raw() {
		header.Set("X-Amz-Sns-Rawdelivery", "true")
	} else {
		content, err := s.content(ctx, sub, p, m)
		if err != nil {
			return err
		}
		body = content.JSON()
	}
	answer, err := s.Door.Do(ctx, outbound.Request{Method: http.MethodPost, URL: sub.Endpoint,
		Header: header, Body: body, Timeout: answersWithin})
	if err != nil {
		return failed(err)
	}
	return judged(answer)
}

// failed is what becomes of a message to which there was no answer.
func failed(err error) error {
	f := &delivery.Failure{Code: delivery.ConnectionFailure, Text: err.Error(), Cause: err}
	var o *outbound.Error
	if !errors.As(err, &o) {
		return err
	}
	switch o.Reason {
	case outbound.NotAllowed:
		f.Code, f.Permanent = delivery.NoPermissions, true
	case outbound.TimedOut:
		f.Code = delivery.TimedOut
	}
	return f
}

// judged is what an answer means: 2xx is success, and what may get better is tried again
// ("Amazon SNS message delivery retries" of the developer guide).
func judged(a *outbound.Answer) error {
	if a.Status/100 == 2 {
		return nil
	}
	f := &delivery.Failure{Code: delivery.ErrorFromTarget,
		Text: fmt.Sprintf("the receiver answered %d", a.Status), After: retryAfter(a.Header)}
	f.Permanent = a.Status < 500 && a.Status != http.StatusTooManyRequests
	if a.Status == http.StatusTooManyRequests {
		f.Code = delivery.Throttling
	}
	return f
}

// mostPatience is how long a receiver may put a message off, which has an hour in all.
const mostPatience = time.Hour

func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, mostPatience)
}

// throttles holds receivers to maxReceivesPerSecond, on average.
type throttles struct {
	mu   sync.Mutex
	next map[string]time.Time // when the next message may go, by subscription
}

// mostThrottles is how many receivers are remembered, as long as they have one to wait for.
const mostThrottles = 10_000

// take returns 0 if a message may go now, and otherwise in how long one may.
func (t *throttles) take(to string, perSecond int, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := t.next[to]
	if next.After(now) {
		return next.Sub(now)
	}
	if t.next == nil || len(t.next) > mostThrottles {
		t.next = map[string]time.Time{}
	}
	t.next[to] = now.Add(time.Second / time.Duration(perSecond))
	return 0
}
