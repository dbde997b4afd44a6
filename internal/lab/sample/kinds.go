package sample

// kind is one sort of action: how sources call it, and what comes with it.
type kind struct {
	names  []string // spellings that sources use
	typ    string   // what some sources say beside the name
	id     string   // how event ids of it begin
	share  int      // of all events, in relation to the others
	valued float64  // how often there is a value
	app    float64  // how often it happens in an app
}

// kinds are spread as on a shop's site: many views, few purchases.
var kinds = []kind{
	{[]string{"PageView", "page_view", "Page Viewed"}, "PAGE_VIEW", "pv", 22, 0, 0.1},
	{[]string{"ViewContent", "Product Viewed", "view_item"}, "PAGE_VIEW", "view", 12, 0.3, 0.2},
	{[]string{"Search", "site_search"}, "SEARCH", "search", 6, 0, 0.2},
	{[]string{"AddToCart", "add_to_cart", "Product Added"}, "ADD_TO_CART", "cart", 18, 0.8, 0.2},
	{[]string{"InitiateCheckout", "begin_checkout", "Checkout Started"}, "CHECKOUT", "chk", 8, 0.9, 0.2},
	{[]string{"Purchase", "purchase", "Order Completed"}, "PURCHASE", "ord", 14, 1, 0.2},
	{[]string{"Lead", "generate_lead", "Lead Submitted"}, "LEAD", "lead", 7, 0.2, 0},
	{[]string{"Contact", "Contact Us"}, "CONTACT", "contact", 2, 0, 0},
	{[]string{"SubmitApplication", "Application Submitted"}, "APPLICATION", "appl", 2, 0, 0},
	{[]string{"CompleteRegistration", "Signup", "Account Created"}, "SIGN_UP", "reg", 5, 0, 0.3},
	{[]string{"Subscribe", "Subscription Started"}, "SUBSCRIBE", "sub", 3, 0.9, 0.3},
	{[]string{"StartTrial", "trial-started"}, "SUBSCRIBE", "trial", 2, 0, 0.3},
	{[]string{"AppFirstStart", "first_open"}, "MOBILE_APP_FIRST_START", "open", 1, 0, 1},
}

// kindOf returns which kind a number below totalShare falls into.
func kindOf(n int) *kind {
	for i := range kinds {
		if n -= kinds[i].share; n < 0 {
			return &kinds[i]
		}
	}
	return &kinds[0]
}

func totalShare() (n int) {
	for i := range kinds {
		n += kinds[i].share
	}
	return n
}
