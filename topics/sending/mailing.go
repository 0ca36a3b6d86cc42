package sending

import (
	"context"
	"errors"
	"time"

	"claviger/internal/delivery"
	"claviger/topics/mail"
	"claviger/topics/notification"
	"claviger/topics/topic"
)

// Subjects of mails that were given none, as AWS has them.
const (
	usualSubject   = "AWS Notification Message"
	confirmSubject = "AWS Notification - Subscription Confirmation"
	endedSubject   = "AWS Notification - Unsubscribe Confirmation"
)

// mail sends a message to an address.
func (s *Sending) mail(ctx context.Context, t *topic.Topic, sub *topic.Subscription, p *parcel,
	m *topic.Message) error {
	if s.Mail == nil {
		return &delivery.Failure{Code: delivery.NoPermissions, Permanent: true,
			Text: "there is no mail server in the configuration"}
	}
	out := mail.Message{To: sub.Endpoint, Name: t.Attributes[topic.DisplayAttribute], ID: m.ID,
		Date: time.UnixMilli(m.Published), Subject: usualSubject}
	if m.Subject != nil {
		out.Subject = *m.Subject
	}
	switch {
	case p.Type == notification.SubscriptionConfirmation:
		out.Subject, out.Text = confirmSubject, s.confirmation(sub, p)
	case p.Type == notification.UnsubscribeConfirmation:
		out.Subject, out.Text = endedSubject, s.ended(sub, p)
	case sub.Protocol == topic.EmailJSON:
		content, err := s.content(ctx, sub, p, m)
		if err != nil {
			return err
		}
		out.Text = string(content.JSON()) + "\n"
	default:
		link := s.UnsubscribeURL(sub.SubscriptionRef)
		out.Headers = map[string]string{"List-Unsubscribe": "<" + link + ">"}
		out.Text = m.For(sub.Protocol) + "\n\n--\nIf you wish to stop receiving notifications from " +
			"this topic, please visit the link below to unsubscribe:\n" + link + "\n"
	}
	return refusal(s.Mail.Send(ctx, out))
}

func (s *Sending) confirmation(sub *topic.Subscription, p *parcel) string {
	return "You have chosen to subscribe to the topic:\n" + sub.Topic.ARN() +
		"\n\nTo confirm this subscription, visit the link below. If this was in error, no action is " +
		"necessary.\n" + s.SubscribeURL(sub.Topic, p.Token) + "\n"
}

func (s *Sending) ended(sub *topic.Subscription, p *parcel) string {
	return "Your subscription to the topic below has been deleted:\n" + sub.Topic.ARN() +
		"\n\nIf this was in error, visit the link below to subscribe again.\n" +
		s.SubscribeURL(sub.Topic, p.Token) + "\n"
}

// refusal is what becomes of a mail that the server did not take.
func refusal(err error) error {
	var r *mail.Refusal
	if !errors.As(err, &r) {
		return err
	}
	code := delivery.ErrorFromTarget
	if r.Code == 0 {
		code = delivery.ConnectionFailure
	}
	return &delivery.Failure{Code: code, Text: r.Error(), Permanent: r.Permanent, Cause: r}
}
