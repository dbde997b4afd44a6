package amazon

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// failures are bodies that servers, gateways and frameworks send with a 200 although
// they took nothing, or not all of five events.
var failures = []string{
	`{"statusDescription":"Internal error"}`, `{"status_description":"failed"}`, `{"statusReason":"throttled"}`, `{"statusDetails":"error"}`,
	`{"limitExceeded":true}`, `{"rateLimited":true}`, `{"quota_exceeded":"true"}`, `{"tokenExpired":true}`, `{"code":"X","details":"boom"}`, `{"succeeded":[],"failed":["a"]}`,
	`{"events":[{"eventId":"a","accepted":false}]}`, `{"message":"{\"error\":\"x\"}"}`, `{"body":"{\"body\":\"{\\\"success\\\":false}\"}"}`, `{"x":[{"__type":"InternalServerException"}]}`, `{"x":" {\"success\":false}"}`,
	`{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`,
	`{"__type":"com.amazonaws.x#ServiceUnavailable","Message":null}`, `{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}`,
	`{"__type":"RequestExpired"}`, `{"__type":"MissingAuthenticationToken"}`, `{"__type":"OptInRequired"}`, `{"__type":"LimitExceeded"}`, `{"__type":"x#Conflict"}`,
	`{"Error":{"Code":"InternalError","Message":"x"},"RequestId":"y"}`, `{"Errors":{"Error":{"Code":"X"}}}`, `{"message":"Forbidden"}`, `{"message":"Unauthorized"}`,
	`{"Message":"User is not authorized to access this resource with an explicit deny"}`, `{"message":"Missing Authentication Token"}`,
	`{"message":"Endpoint request timed out"}`, `{"message":"Limit Exceeded"}`, `{"message":"Too Many Requests"}`, `{"message":"Not Found"}`,
	`{"message":"Network error communicating with endpoint"}`, `{"message":"no Route matched with those values"}`, `{"message":"API rate limit exceeded"}`,
	`{"message":"An invalid response was received from the upstream server"}`, `{"data":null,"errors":[{"message":"x"}]}`,
	`{"data":{"createEvents":{"userErrors":[{"field":"x","message":"m"}]}}}`, `{"type":"about:blank","title":"Service Unavailable","status":503}`,
	`{"type":"https://x/probs/out-of-credit","title":"You do not have enough credit.","detail":"d","instance":"/a"}`, `{"type":"about:blank","title":"Not Found"}`,
	`{"ok":false}`, `{"result":"FAILURE"}`, `{"status":500}`, `{"code":"500"}`, `{"statusCode":429}`, `{"StatusCode":"503"}`, `{"errorCount":3}`, `{"failed":[{}]}`,
	`{"failedRecords":"2"}`, `{"accepted":0}`, `{"accepted":4}`, `{"rejected":["x"]}`, `{"success":"false"}`, `{"success":0}`, `{"isError":true}`, `{"hasErrors":"true"}`,
	`[{"error":"x"}]`, `{"results":[{"status":"rejected"}]}`, `{"success":{}}`, `{"success":"0"}`, `{"success":[]}`, `{"success":""}`, `{"success":1}`,
	`{"response":"{\"success\":false}"}`, `{"a":{"b":{"success":false}}}`, `{"data":{"data":{"error":"x"}}}`, `"{\"success\":false}"`, `"{\"success\":true}"`,
	`{"SUCCESS":false}`, `{"Is-Success":"FALSE"}`, `{"is_success":"False"}`, `{"isSuccessful":false}`, `{"wasSuccessful":false}`, `{"allSucceeded":false}`,
	`{"requestSucceeded":false}`, `{"success":tru`, `{"success":true}{"success":false}`, "{\"ok\":true}\n{\"ok\":false}", "\ufeff{\"success\":false}",
	"\ufeff{\"success\":true}x", "\xff\xfe{\x00}\x00", "\xfe\xff\x00{\x00}", `ERROR`, `Service Unavailable`, `<html></html>`,
	`<?xml version="1.0"?><Error><Code>InternalError</Code></Error>`, `<soap:Envelope><soap:Fault/></soap:Envelope>`, `success`, `true`, `{"errorCode":"X"}`,
	`{"error_code":7}`, `{"errorcode":"ABC"}`, `{"errCode":1}`, `{"err":1}`, `{"errno":5}`, `{"retcode":-1}`, `{"ret":-1}`, `{"returnCode":1}`, `{"resultCode":"E01"}`,
	`{"rc":1}`, `{"exitCode":1}`, `{"responseCode":"96"}`, `{"status":-1}`, `{"status":1001}`, `{"status":40001}`, `{"status":"NOT_OK"}`, `{"status":"KO"}`,
	`{"status":"NOK"}`, `{"status":"down"}`, `{"status":"degraded"}`, `{"status":"expired"}`, `{"status":false}`, `{"state":"FAILED"}`,
	`{"status":{"code":14,"message":"unavailable"}}`, `{"status":{"code":"UNAVAILABLE"}}`, `{"code":14,"message":"unavailable","details":[]}`, `{"status":"stopped"}`,
	`{"status":"terminated"}`, `{"status":"killed"}`, `{"status":"interrupted"}`, `{"status":"unknown_error"}`, `{"status":"not found"}`, `{"status":"NOT_FOUND"}`,
	`{"status":"INACTIVE"}`, `{"status":"nope"}`, `{"exception":"java.lang.NullPointerException"}`, `{"stackTrace":["a","b"]}`,
	`{"errorMessage":"Task timed out after 3.00 seconds"}`,
	`{"fault":{"faultstring":"Rate limit quota violation","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}`,
	`{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure"}]}`,
	`{"Entries":[{"EventId":"a"},{"ErrorCode":"InternalFailure","ErrorMessage":"x"}],"FailedEntryCount":0}`, `{"UnprocessedItems":{"t":[{"x":1}]}}`,
	`{"took":3,"errors":true,"items":[{"index":{"status":429}}]}`, `{"took":3,"errors":false,"items":[{"index":{"status":429}}]}`,
	`{"Failed":[{"Id":"1","SenderFault":false,"Code":"x"}]}`, `{"events":[{"index":0,"status":"FAILED"}]}`, `{"items":[{"ok":true},{"ok":false}]}`,
	`{"responses":[{"code":200},{"code":500}]}`, `{"responses":[{"statusCode":200},{"statusCode":400}]}`, `{"acceptedCount":4,"rejectedCount":1}`, `{"num_accepted":"4"}`,
	`{"events_received":4}`, `{"summary":{"total":5,"accepted":3}}`, `{"successCount":4}`, `{"acceptedEvents":["a","b"]}`, `{"accepted":[]}`,
	`{"everythingOk":false}`, `{"didSucceed":"false"}`, `{"deliverySuccess":false}`, `{"data":{"upload_successful":false}}`, `{"deadLettered":1}`, `{"return":{"code":-3}}`,
	`{"acceptedEventIds":["a","b"]}`, `{"successIds":[]}`, `{"PROCESSED_ITEM_IDS":["a"]}`, `{"data":{"acceptedIndexes":[0,1]}}`, `{"success":true,"all_accepted_uuids":["a"]}`, `{"accepted":null}`,
	`{"rejectedCount":"1"}`, `{"rejected":true}`, `{"dropped":5}`, `{"invalid":1}`, `{"skipped":1}`, `{"ignored":5}`, `{"lost":1}`, `{"notAccepted":1}`,
	`{"not_processed":2}`, `{"notSent":1}`, `{"throttled":true}`, `{"blocked":true}`, `{"blocked":3}`, `{"retry":true}`, `{"shouldRetry":true}`, `{"retryable":true}`,
	`{"timedOut":true}`, `{"timeout":true}`, `{"timeouts":2}`, `{"partialFailureError":{"code":3,"message":"m"}}`, `{"quarantined":3}`, `{"expired":true}`,
	`{"error_description":"token is expired"}`, `{"reason":"quota"}`, `{"errors":"x"}`, `{"errors":{"events[0]":"bad"}}`, `{"errors":1}`, `{"errors":[null]}`,
	`{"errors":[{}]}`, `{"error":0.1}`, `{"error":-1}`, `{"validation_errors":{"a":["b"]}}`, `{"violations":[{"field":"x"}]}`, `{"problems":["x"]}`,
	`{"issues":[{"severity":"error"}]}`, `{"messages":[{"type":"error","text":"x"}]}`, `{"alerts":[{"level":"critical"}]}`, `{"httpStatus":"INTERNAL_SERVER_ERROR"}`,
	`{"ResponseMetadata":{"HTTPStatusCode":503}}`, `{"meta":{"code":400}}`, `{"header":{"status":"ERROR"}}`, `{"responseStatus":{"errorCode":"x"}}`, `{"Ack":"Failure"}`,
	`{"code":404}`, `{"code":1}`, `{"code":-1,"msg":"x"}`, `{"code":"ERR_X"}`, `{"errcode":40013,"errmsg":"invalid appid"}`, `{"valid":false}`, `{"delivered":false}`,
	`{"queued":false}`, `{"enqueued":"false"}`, `{"created":false}`, `{"published":false}`, `{"sent":false}`, `{"stored":0}`, `{"created":0}`, `{"sent":0}`,
	`{"authenticated":false}`, `{"authorized":false}`, `{"allowed":false}`, `{"available":false}`, `{"healthy":false}`, `{"passed":false}`, `{"permitted":false}`,
	`{"insertedCount":0}`, `{"success":true,"message":"Internal server error"}`, `{"status":"ok","data":{"error":"x"}}`, `{"success":true,"errors":["x"]}`,
	`{"success":true,"failed":1}`, `{"ok":true,"status":"error"}`, `{"status":200,"body":"{\"message\":\"Internal server error\"}"}`,
	`{"statusCode":200,"body":"{\"success\":false}"}`, `{"status":200,"message":"1 of 5 events failed"}`, `{"code":200,"data":{"success":false}}`,
	`{"code":200,"success":false}`, `{"success":true,"data":[{"status":"failed"}]}`, `{"success":true,"result":{"statusCode":500}}`,
	`{"requestId":"x","status":{"status":"error"}}`, `{"status":{"ok":false}}`, `{"status":{"code":500}}`, `{"status":{"statusCode":500}}`, `{"result":{"status":"FAILED"}}`,
	`{"result":{"success":false}}`, `{"results":[{"success":false}]}`, `{"results":[{"code":"ERR"}]}`, `{"results":["ok","ok","failed"]}`, `{"statuses":["ERROR"]}`,
	`{"statuses":{"a":"ok","b":"error"}}`, `{"status":["ERROR"]}`, `{"results":{"a":"failed"}}`, `{"result":"error: quota"}`, `{"result":["error"]}`,
	`{"results":{"0":"ok","1":"rejected"}}`, `{"response":{"status":"error"}}`, `{"response":"error"}`, `{"data":"error"}`, `{"body":"Internal Server Error"}`,
	`{"body":"<html>502 Bad Gateway</html>"}`, `{"output":"failed"}`, `{"content":"Service Unavailable"}`, `{"data":"Service Unavailable"}`, `{"answer":"Access denied"}`,
	`{"errors":{"count":1}}`, `{"errors":{"count":"1"}}`, `{"failures":{"total":2}}`, `{"failed":{"count":0,"items":["x"]}}`, `{"accepted":{"count":0}}`,
	`{"accepted":{"count":4}}`, `{"success":{"total":"0"}}`, `{"counts":{"accepted":0,"rejected":5}}`, `{"stats":{"ok":0,"ko":5}}`, `{"summary":{"failed":1}}`,
	`{"summary":{"failed":"1"}}`, `{"metadata":{"errors":1}}`, `{"@type":"type.googleapis.com/google.rpc.ErrorInfo"}`, `{"$type":"Error"}`, `{"kind":"Error"}`,
	`{"kind":"Status","status":"Failure"}`, `{"object":"error"}`, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, `{"type":"error"}`,
	`{"class":"java.lang.IllegalStateException"}`, `{"name":"ValidationException","statusCode":400}`, `{"Message":"Authorization has been denied for this request."}`,
	`{"message":"An error has occurred."}`, `{"Message":"No HTTP resource was found that matches the request URI"}`,
	`{"message":"Invalid key=value pair (missing equal-sign) in Authorization header"}`, `{"message":"Unable to process"}`,
	`{"message":"upstream connect error or disconnect/reset before headers"}`, `{"message":"The server is temporarily unable to service your request"}`,
	`{"message":"The request could not be satisfied"}`, `{"message":"Gateway Time-out"}`, `{"message":"Quota exceeded"}`, `{"message":"Account suspended"}`,
	`{"message":"Please try again"}`, `{"message":["error"]}`, `{"message":{"text":"failed"}}`, `{"messages":["failed to process"]}`,
	`{"messages":[{"code":"E","text":"x"}]}`, `{"message":null,"error":true}`, `{"info":{"status":"error"}}`, `{"detail":"Not authenticated"}`,
	`{"detail":[{"loc":["body"],"msg":"field required","type":"value_error.missing"}]}`, `{"details":["bad"]}`, `{"reason":"rateLimitExceeded"}`,
	`{"error":{"code":0,"message":"boom"}}`, `{"error":{"code":"ok","message":"quota exceeded"}}`, `{"error":{"code":200,"message":"x"}}`, `{"error":"invalid_grant"}`,
	`{"ERROR":1}`, `{"Err":"x"}`, `{"e":"x","error":"y"}`, `{"fault":true}`, `{"Fault":{"Code":"x"}}`, `{"hasErrors":1}`, `{"hasErrors":"1"}`, `{"failed":"true"}`,
	`{"failed":"yes"}`, `{"rejected":"1"}`, `{"errorCount":"1"}`, `{"errorCount":" 2 "}`, `{"errorCount":"1.0"}`, `{"errorCount":"one"}`, `{"accepted":"4"}`,
	`{"accepted":" 4 "}`, `{"accepted":"4/5"}`, `{"accepted":"none"}`, `{"accepted":"no"}`, `{"success":"nope"}`, `{"success":"n"}`, `{"success":"f"}`, `{"success":"0.0"}`,
	`{"success":-1}`, `{"success":"null"}`, `{"success":"undefined"}`, `{"success":[false]}`, `{"success":[0]}`, `{"success":{"ok":false}}`, `{"success":{"value":false}}`,
	`{"eventsAccepted":4,"eventsRejected":1}`, `{"acceptedEventCount":4}`, `{"totalAccepted":0}`, `{"events":{"accepted":0}}`, `{"events":{"rejected":1}}`,
	`{"events":[],"accepted":0,"rejected":1}`, `{"error":null,"success":null}`, `{"partialSuccess":true}`, `{"partial_success":{"rejected_log_records":1}}`,
	`{"partialSuccess":{"rejectedSpans":"1","errorMessage":"x"}}`, `{"partial":"true"}`, `{"warnings":[{"message":"Event 3 was rejected"}]}`,
	`{"success":true,"rejectedEvents":[{"index":1}]}`, `{"status":"PARTIAL"}`, `{"status":"PARTIALLY_COMPLETED"}`, `{"status":"completed_with_errors"}`,
	`{"status":"INCOMPLETE"}`, `{"status":"NOT_STARTED_DUE_TO_ERROR"}`, `{"status":"unhealthy"}`, `{"status":"bad_request"}`, `{"status":"BadRequest"}`,
	`{"status":"Conflict"}`, `{"status":"Gone"}`, `{"status":"TOO_MANY_REQUESTS"}`, `{"status":"Payment Required"}`, `{"status":"I'm a teapot"}`, `{"status":"500 "}`,
	`{"successRate":0}`, `{"successRate":0.5}`, `{"success_rate":"0%"}`, `{"acceptanceRate":"0.0"}`, `{"successPercent":1}`, `{"percentAccepted":99.5}`,
	`{"acceptedPct":"80 %"}`, `{"accepted":"50%"}`, `{"successRatio":false}`, `{"stats":{"successRate":0}}`, `{"success_percentage":0}`,
	`{"event":"error"}`, `{"events":"rejected"}`, `{"batch":"FAILED"}`, `{"request":"denied"}`, `{"operation":"aborted"}`, `{"meta":{"event":"error"}}`, `{"item":"not accepted"}`,
	`{"data":{"meta":{"code":"INTERNAL_SERVER_ERROR"}}}`, `{"data":{"code":"500"}}`, `{"a":{"b":{"c":{"code":"THROTTLING"}}}}`, `{"a":{"b":{"c":{"d":{"code":"TOO_MANY_REQUESTS"}}}}}`,
	`{"x":[{"y":{"code":"429"}}]}`, `{"data":{"code":"GATEWAY_TIMEOUT"}}`, `{"status":{"code":14}}`, `{"status":{"code":"3"}}`, `{"grpc-status":14}`, `{"grpcStatus":"7"}`,
	`{"accepted":{"ids":[]}}`, `{"accepted":{"eventIds":["a"]}}`, `{"success":{"keys":[]}}`, `{"stored":{"list":[]}}`, `{"received":{"ids":null}}`, `{"accepted":{"event_ids":{}}}`,
	`{"response":false}`, `{"data":false}`, `{"response":500}`, `{"http":503}`, `{"exit":1}`,
	`{"estado":"fallido"}`, `{"mensaje":"Error interno"}`, `{"erfolg":false}`, `{"Erfolg":0}`, `{"ergebnis":"abgelehnt"}`, `{"meldung":"Anfrage fehlgeschlagen"}`, `{"statut":"échec"}`,
	`{"succès":false}`, `{"fehler":"intern"}`, `{"Fehler":["x"]}`, `{"erreur":1}`, `{"erro":"interno"}`, `{"sucesso":false}`, `{"成功":false}`, `{"状态":"失败"}`, `{"message":"请求失败"}`,
	`{"status":"エラー"}`, `{"消息":"系统错误"}`, `{"결과":"실패"}`, `{"ошибка":"x"}`, `{"status":"nicht angenommen"}`, `{"status":"no aceptado"}`,
	`{"status":500.0}`, `{"status":5e2}`, `{"status":"HTTP 500"}`, `{"status":"429 "}`, `{"status":" 429"}`,
}

// successes are bodies of a 200 that accept five events, or say nothing of them.
var successes = []string{
	`{"notifyOnSuccess":false}`, `{"retryUntilOk":"no"}`, `{"lastSuccess":null}`, `{"deliverySuccess":true}`, `{"termsAccepted":false}`, `{"account":{"code":3}}`,
	`{"acceptedEventIds":["a","b","c","d","e"]}`, `{"acceptedBatchIds":["b1"]}`, `{"receivedRequestIds":["r1"]}`, `{"acceptedValues":["WEBSITE"]}`, `{"acceptedEventIds":"b1"}`, `{"validEventTypes":["LEAD"]}`,
	`{"limitExceeded":false}`, `{"tokenExpired":null}`, `{"statusReason":"OK"}`, `{"statusUrl":"https://x/failed"}`, `{"links":{"self":"https://x","status":"https://x/status/500"}}`, `{"latency":503}`,
	`{"eventIds":["a"],"status":"QUEUED"}`, `{"title":"Accepted","status":202}`, `{"events":[{"eventId":"a","accepted":true},{"eventId":"b","accepted":true}]}`, `{"traceId":"error"}`,
	`{}`, ``, ` `, `null`, `{"errors":[]}`, `{"errors":null}`, `{"failed":0}`, `{"requestId":"x"}`, `{"message":"accepted"}`, `{"errorCount":0}`, `{"error":null}`,
	`{"error":""}`, `{"error":false}`, `{"status":"ok"}`, `{"status":200}`, `{"warnings":[{"code":"W"}]}`, `{"warnings":["a"]}`, `{"code":0,"msg":"success","data":{}}`,
	`{"code":"0000"}`, `{"code":"SUCCESS","message":"Success"}`, `{"message":"Request submitted"}`, `{"message":"processing"}`, `{"message":"Event tracked"}`,
	`{"message":"scheduled"}`, `{"message":"Your request is being processed"}`, `{"message":"Thank you"}`, `{"message":""}`, `{"message":null}`, `{"message":"No errors"}`,
	`{"message":"0 errors"}`, `{"message":"Uploaded"}`, `{"message":"in progress"}`, `{"message":"Started"}`, `{"message":"ACK"}`,
	`{"message":"Request accepted for asynchronous processing; results may take up to 2 hours to appear"}`, `{"status":"PENDING"}`, `{"status":"IN_PROGRESS"}`,
	`{"status":"SUBMITTED"}`, `{"status":"PASS"}`, `{"status":"active"}`, `{"status":0}`, `{"status":true}`, `{"status":null}`, `{"result":{}}`, `{"result":null}`,
	`{"results":[]}`, `{"accepted":5}`, `{"accepted":"5"}`, `{"accepted":true}`, `{"acceptedCount":5,"rejectedCount":0}`, `{"success":5,"failed":0}`, `{"success":"true"}`,
	`{"success":"yes"}`, `{"ok":1}`, `{"processed":5,"failed":0,"skipped":0}`, `{"received":5,"ignored":0,"duplicates":1}`,
	`{"events_received":5,"messages":[],"fbtrace_id":"x"}`, `{"failed":[],"accepted":["a","b","c","d","e"]}`, `{"FailedEntryCount":0,"Entries":[{"EventId":"a"}]}`,
	`{"UnprocessedItems":{}}`, `{"took":3,"errors":false,"items":[{"index":{"status":201}}]}`, `{"id":"x","createdAt":"2026-04-23T10:15:30Z"}`,
	`{"batchId":"b","eventIds":["error","failed"]}`, `{"data":{"createEvents":{"success":true,"userErrors":[]}}}`, `{"errors":{}}`, `{"error":{}}`,
	`{"errorMessage":null,"errorCode":null}`, `{"errorCode":"0","errorMessage":"success"}`, `{"retryCount":0}`, `{"retryAfter":5}`, `{"timeout":30}`, `{"timeoutMs":3000}`,
	`{"rateLimitRemaining":0}`, `{"throttle":false}`, `{"nextToken":null}`, `{"path":"/error"}`, `{"documentation":"https://x/errors"}`, `{"errorReportUrl":"https://x"}`,
	`{"type":"CreateEventsResponse"}`, `{"statusCode":202,"statusMessage":"Accepted"}`, `{"ResponseMetadata":{"RequestId":"x","HTTPStatusCode":200,"RetryAttempts":0}}`,
	`{"Output":{"__type":"x#Response"},"Version":"1.0"}`, `{"details":{}}`, `{"lastError":null}`, `{"invalid":0,"valid":5}`, `{"errorRate":0}`, `{"processedAt":null}`,
	`{"success":true,"message":"Some events may be delayed"}`, `{"ok":true,"warning":"missing_charset"}`, `{"severity":"INFO","message":"ok"}`,
	`{"status":"accepted","reason":"all good"}`, `{"ack":"abc-123"}`, `{"error":{"code":"ok","message":"","log_id":"x"}}`, `{"error":{"code":0,"message":"Success"}}`,
	`{"error":{"code":null,"message":null}}`, `{"error":{"code":200,"message":"OK"}}`, `{"result":{"id":404}}`, `{"result":{"count":500}}`,
	`{"result":{"took":350,"dryRun":false}}`, `{"results":[{"id":1001,"latencyMs":450}]}`, `{"result":{"eventId":"order-error-1"}}`,
	`{"results":[{"name":"Failed payment","eventId":"failed-1","status":"ok"}]}`, `{"status":{"id":12345,"text":"ok"}}`, `{"state":{"id":5000}}`,
	`{"results":[{"accepted":true},{"accepted":true}]}`, `{"results":[{"index":0,"status":200},{"index":400,"status":200}]}`,
	`{"events":[{"name":"Purchase","eventType":"PURCHASE","eventActionSource":"WEBSITE","timestamp":"2026-04-23T10:15:30Z","userInfo":{"countryCode":"US","postalCode":"10001"},"value":{"amount":0,"currencyCode":"USD"},"eventId":"ord_failed"}]}`,
	`{"events":[{"name":"Failed payment","eventType":"ERROR","eventActionSource":"WEBSITE","eventId":"error"}]}`, `{"event":{"name":"Rejected offer","eventType":"OTHER"}}`,
	`{"count":5}`, `{"total":5}`, `{"size":0}`, `{"received":true}`, `{"timestamp":0}`, `{"created":"2026-01-01"}`, `{"created":1745403330}`,
	`{"updated":false,"accepted":5}`, `{"createdAt":0}`, `{"queued":0,"accepted":5}`, `{"queue":0}`, `{"queueDepth":0}`, `{"sent":5}`, `{"done":true}`,
	`{"availableAt":null}`, `{"allowedMethods":[]}`, `{"available":0,"status":"ok"}`, `{"maxErrors":10}`, `{"failOnError":false}`, `{"errorMode":"strict"}`, `{"timeout":0}`,
	`{"retry":0}`, `{"retry":false}`, `{"retryable":false}`, `{"retryAfterSeconds":5}`, `{"retries":0}`, `{"attempts":1}`, `{"blocked":0}`, `{"expired":0}`,
	`{"conflicts":[]}`, `{"unsupported":[]}`, `{"disabled":false}`, `{"disabledFeatures":["x"]}`, `{"maintenance":false}`, `{"maintenanceWindow":"2026-05-01"}`,
	`{"required":false}`, `{"requiredFields":["a"]}`, `{"expiresIn":3600}`, `{"expiresAt":"2026-01-01"}`, `{"expiration":0}`, `{"ttl":0}`, `{"deadline":"x"}`, `{"limit":0}`,
	`{"limits":{"remaining":0,"exceeded":false}}`, `{"message":"No retry needed, events accepted"}`, `{"message":"Events accepted; no further action is required"}`,
	`{"message":"Request successful"}`, `{"message":"Batch queued"}`, `{"message":"5 events accepted, 0 rejected"}`, `{"message":"accepted 5, rejected 0"}`,
	`{"message":"5/5 events processed"}`, `{"message":"Success: no errors found"}`, `{"status":"success","message":""}`, `{"status":"SUCCEEDED"}`, `{"status":"NO_ERROR"}`,
	`{"status":"Created"}`, `{"status":"inprogress"}`, `{"status":"INPROGRESS"}`, `{"status":"RUNNING"}`, `{"status":"received"}`, `{"status":"new"}`, `{"status":"open"}`,
	`{"status":"A"}`, `{"status":"0"}`, `{"status":"1"}`, `{"status":1}`, `{"status":"202"}`, `{"status":"202 Accepted"}`, `{"status":"HTTP/1.1 200 OK"}`, `{"status":""}`,
	`{"statusCode":"PENDING"}`, `{"statusCode":"00"}`, `{"resultCode":0,"resultMessage":"SUCCESS"}`, `{"returnCode":"SUCCESS"}`, `{"rc":0}`, `{"responseCode":"000"}`,
	`{"httpStatus":"ACCEPTED"}`, `{"httpStatus":"OK"}`, `{"@type":"type.googleapis.com/x.CreateEventsResponse"}`, `{"kind":"events#createResponse"}`,
	`{"object":"list","data":[]}`, `{"$schema":"x"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`, `{"jsonrpc":"2.0","result":null,"error":null,"id":1}`, `{"partialSuccess":{}}`,
	`{"partialSuccess":{"rejectedLogRecords":"0"}}`, `{"partialSuccess":null}`, `{"invalidCount":"0"}`, `{"errorCount":"0"}`, `{"failedCount":"0.0"}`,
	`{"hasErrors":"false"}`, `{"hasErrors":"no"}`, `{"isError":"false"}`, `{"isError":0}`, `{"ok":"true"}`, `{"ok":"1"}`, `{"isSuccess":1}`, `{"isSuccess":"1"}`,
	`{"successRate":1}`, `{"successRate":1.0}`, `{"successRate":100}`, `{"success_rate":"100%"}`, `{"percentAccepted":100}`, `{"accepted":"100%"}`, `{"errorRate":0.0}`, `{"failureRate":"0%"}`,
	`{"rate":0}`, `{"sampleRate":0.5}`, `{"samplingRatio":0}`, `{"exchangeRate":0.9}`,
	`{"event":"received"}`, `{"event":"Purchase"}`, `{"event":{"name":"error","eventId":"failed"}}`, `{"events":["failed","error"]}`, `{"requestId":"error"}`, `{"batchId":"failed"}`,
	`{"accepted":{"ids":["a","b","c","d","e"]}}`, `{"accepted":{"eventIds":["a","b","c","d","e"],"region":"EU"}}`, `{"ack":{"id":1}}`, `{"data":{"country":{"code":"US"}}}`,
	`{"data":{"currency":{"code":"EUR"}}}`, `{"a":{"code":"10001"}}`, `{"status":{"code":0}}`, `{"status":{"code":200}}`, `{"status":{"code":"OK"}}`, `{"grpc-status":0}`, `{"http":202}`,
	`{"response":202}`, `{"response":true}`, `{"data":404}`, `{"erfolg":true}`, `{"status":"angenommen"}`, `{"状态":"成功"}`, `{"fehler":[]}`, `{"erreur":null}`, `{"mensaje":"Solicitud aceptada"}`,
	`{"mensaje":"Gracias"}`, `{"status":"keine Fehler"}`, `{"status":"sin errores"}`,
	`{"body":"{\"success\":true}"}`, `{"statusCode":200,"body":"{}"}`, `{"statusCode":200,"body":"Accepted"}`, `{"statusCode":202,"headers":{"x-error":""},"body":""}`,
	`{"data":"eyJhIjoxfQ=="}`, `{"body":"order 500"}`,
}

func TestFailuresOfManyServersAreNoAcceptance(t *testing.T) {
	for _, body := range failures {
		for _, k := range contracts(ContractOptions{}) {
			items := make([]Item, 5)
			a := k.ReadAnswer(Response{Status: 200, Body: []byte(body)}, items)
			for i := range items {
				if items[i].Outcome == Taken {
					t.Errorf("%s: %s takes event %d (unclear: %q)", k.Name(), body, i, a.Unclear)
					break
				}
			}
		}
	}
}

func TestSuccessesOfManyServersAreAcceptance(t *testing.T) {
	for _, body := range successes {
		items := make([]Item, 5)
		a := offAmazon{}.ReadAnswer(Response{Status: 200, Body: []byte(body)}, items)
		if a.Kind != Itemised || items[0].Outcome != Taken {
			t.Errorf("%s: %+v", body, a)
		}
	}
}

// What says success in one place does not outweigh what says failure in another.
func TestASuccessDoesNotHideAFailure(t *testing.T) {
	var objects []string
	for _, body := range successes {
		if strings.HasPrefix(body, "{") && len(body) > 2 {
			objects = append(objects, body)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		sign := signOfFailure(t)
		if onlyMessage(sign) {
			return // words that need not mean failure
		}
		body := oneOf(t, "success", objects...)
		if rapid.Bool().Draw(t, "deeper") {
			sign = `"meta":` + neutral(t, sign)
		}
		if rapid.Bool().Draw(t, "first") {
			body = "{" + sign + "," + body[1:]
		} else {
			body = body[:len(body)-1] + "," + sign + "}"
		}
		if !json.Valid([]byte(body)) {
			t.Fatalf("%s is not JSON", body)
		}
		items := make([]Item, 5)
		offAmazon{}.ReadAnswer(Response{Status: 200, Body: []byte(body)}, items)
		if items[0].Outcome == Taken {
			t.Fatalf("%s is taken for acceptance", body)
		}
	})
}
