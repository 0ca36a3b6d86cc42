package delivery

import "claviger/store"

const (
	oneQueue = "one queue delivers for all accounts"
	byNumber = "a message is known by its number"
)

var (
	qHighest = store.Wide(`SELECT max(coalesce((SELECT max(number) FROM deliveries), 0),
		coalesce((SELECT max(number) FROM dead_letters), 0))`, oneQueue)
	qWaiting = store.Wide(`SELECT number, account, kind, receiver, ordered, put, due, attempts,
		code, message, length(body) FROM deliveries ORDER BY number`, oneQueue)
	qDead = store.Wide(`SELECT account, count(*), sum(length(body)) FROM dead_letters
		GROUP BY account`, oneQueue)

	qPut = store.Wide(`INSERT INTO deliveries (number, account, region, kind, receiver, ordered, id,
		put, due, attempts, code, message, policy, context, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, '', '', $9, $10, $11)`,
		"the row names its account and Region")
	qMessage = store.Wide(`SELECT account, region, kind, receiver, ordered, id, put, attempts, policy,
		context, body FROM deliveries WHERE number = $1`, byNumber)
	qArrived = store.Wide(`DELETE FROM deliveries WHERE number = $1`, byNumber)
	qFailed  = store.Wide(`UPDATE deliveries SET attempts = $1, due = $2, code = $3, message = $4
		WHERE number = $5`, byNumber)

	qDie = store.Wide(`INSERT INTO dead_letters (number, account, region, kind, receiver, ordered, id,
		put, died, attempts, code, message, exhausted, policy, context, body)
		SELECT number, account, region, kind, receiver, ordered, id, put, $1, $2, $3, $4, $5, policy,
		context, body FROM deliveries WHERE number = $6`, byNumber)
	qBury = store.Wide(`INSERT INTO dead_letters (number, account, region, kind, receiver, ordered, id,
		put, died, attempts, code, message, exhausted, policy, context, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, $9, $10, '', $11, $12, $13)`,
		"the row names its account and Region")
	qDeadOf = store.Wide(`SELECT count(*), coalesce(sum(length(body)), 0) FROM dead_letters
		WHERE account = $1`, "dead letters are known by their number, and counted by account")
	qTrim = store.Wide(`DELETE FROM dead_letters WHERE number IN
		(SELECT number FROM dead_letters WHERE account = $1 ORDER BY number LIMIT $2)`,
		"dead letters are known by their number, and bounded by account")
	qExpire = store.Wide(`DELETE FROM dead_letters WHERE number IN
		(SELECT number FROM dead_letters WHERE died < $1 LIMIT $2)`, "the oldest go, whose they may be")
	qDeadAfter = store.Wide(`SELECT number, account, region, kind, receiver, ordered, id, put, died,
		attempts, code, message, exhausted, policy, context, body FROM dead_letters
		WHERE number > $1 AND $2 IN ('', account) AND $3 IN ('', receiver)
		AND $4 IN ('', id) ORDER BY number LIMIT $5`,
		"who runs the service looks at all accounts")
	qRaise = store.Wide(`DELETE FROM dead_letters WHERE number = $1`, byNumber)
)
