// Keeps the Amazon click id of a landing page in first-party cookies. What it
// does and why is in README.md beside this file; capture.min.js is made of it
// by a test. The try around it all, and those within, are so that nothing
// reaches the page's error handlers, whatever the page has done to its globals
// and whether or not it may have cookies.
try {
  const {consent, domain = ''} = window.amznCapture || {};
  // When the visitor arrived, which is when the click was: consent may come
  // minutes later.
  const at = Date.now();
  // What is kept: the URL's parameter, the cookie and its seconds, and what a
  // plausible value looks like. Package capture in Go has the same rules, and
  // testdata/cases.json holds the two together.
  const kinds = [
    ['amzn_click_id', 'amzn_click_id', 7776000, /^[\w.~:/+=|-]{6,1000}$/],
    ['aref', 'amzn_aref', 2592000, /^(\b\|?\w{10}\.\d{13})+$/],
  ];
  // Who may answer for consent, in the order in which they are believed: TCF,
  // GPP, Consent Mode, or the page itself. True and false are answers, 0 is one
  // that has still to come, and null is said by who has no say over this visitor.
  const answers = [];
  // The first two letters of GPP's sections from 6 on, behind their us.
  const sections = 'pvnacavacoutctflmtortxdeianenhnjtnmnmdinkyri';
  let layer, late;

  // What a cookie holds. Where it comes twice, from this host and from the whole
  // domain, the later one counts: browsers send the older one first.
  const stored = name => (` ${name}=; ` + document.cookie).split(` ${name}=`).pop().split(';')[0];

  const put = (name, value, age) => {
    // A cookie of this host alone, from before there was a domain, would be sent
    // beside the new one and might be read instead of it.
    document.cookie = name + '=;Path=/;Max-Age=0';
    document.cookie = name + `=${value};Path=/;Max-Age=${age};SameSite=Lax;Secure;Domain=${domain}`;
  };

  const decide = () => {
    const refused = answers.includes(false);
    kinds.forEach(([, name, age, , value]) => {
      // The same click seen again, by a reload or the back button, is as old
      // as it was.
      if (refused || [...answers, late].find(answer => answer != null) && value && stored(name) != value) {
        if (refused) value = age = 0;
        put(name, value, age);
        put(name + '_at', at, age);
      }
    });
  };

  const safely = f => a => {
    try {
      f(a);
      decide();
    } catch (e) {}
  };

  const tcf = safely(data => {
    // While its dialogue is open (cmpuishown), the platform repeats what was
    // said before. Yes is true or 1 and no is false or 0, also as text; == would
    // take an empty text for no.
    if (data.eventStatus[0] > 'c') {
      answers[0] = /^[0f]/.test(data.gdprApplies) ? null :
        /^((1|true),?){3}$/.test([data.purpose.consents[1], data.purpose.consents[7], data.vendor.consents[793]]);
    }
  });

  const gpp = safely(event => {
    // Names and values alone: without quotes '1' is 1, and the strings are gone
    // that Prototype makes of the arrays within.
    const apply = event.pingData.applicableSections, ping = JSON.stringify(event.pingData).replace(/[^\w{},-]/g, '');
    if (/sready/.test(ping)) {
      // Each section that applies has to be read, by its name: from 6 on they
      // are of laws under which one opts out. Those below ask for an opt-in, and
      // are TCF's to answer.
      answers[1] = /(OptOut|Gpc|v11.|Sale)([02,]*1|[ty])/i.test(ping) ? false : apply == -1 ? null :
        apply[0] && apply.every(id =>
          RegExp('us' + sections[id * 2 - 12] + sections[id * 2 - 11] + '[1t]?(1.N|{[^}]*(OptOut[02]|SaleN))').test(ping)) || 0;
    }
  });

  // A default of denied is no refusal: it stands on every page until the
  // platform has read what the visitor chose, and clearing cookies then would
  // lose the click of everyone who agreed.
  const mode = safely(entries => [...entries].forEach(entry => {
    const storage = entry && entry[0] == 'consent' && entry[2].ad_storage, granted = storage == 'granted';
    if (storage) answers[2] = entry[1] == 'update' ? granted : granted ? answers[2] == null || answers[2] : 0;
  }));

  // Consent platforms load when they like, so this runs more than once.
  const look = safely(event => {
    late = event || document.readyState[7] == 'e'; // complete
    0 in answers || window.__tcfapi && (answers[0] = 0, __tcfapi('addEventListener', 2, tcf));
    1 in answers || window.__gpp && (answers[1] = 0, __gpp('addEventListener', gpp));
    const data = window.dataLayer || [], push = data.push;
    if (data != layer) {
      layer = data;
      data.push = (...entries) => {
        mode(entries);
        return push.apply(data, entries);
      };
      mode(data);
    }
  });

  // Whoever goes on to a second page before they answer the banner leaves
  // nothing on the first one but its address. It is not looked at where a click
  // is kept already, which junk in its cookie is not.
  const before = document.referrer;
  const urls = location.search + '#' + (before.split('/')[2] == location.host &&
    !kinds[0][3].test(unescape(stored('amzn_click_id'))) ? before : '');
  kinds.forEach(kind => urls.replace(RegExp('[?&]' + kind[0] + '=([^&#]*)'), (_, value) => {
    // Unlike its successor unescape never throws, and what it cannot decode is
    // not plausible anyway.
    if (kind[3].test(value = unescape(value))) kind[4] = encodeURIComponent(value);
  }));
  if (consent) {
    answers[3] = 0;
    consent(safely(granted => {
      answers[3] = granted === true;
    }));
  } else {
    // With nobody to ask the click is kept, but not before the page has loaded
    // all that could be asked, or is left.
    addEventListener('load', look);
    addEventListener('pagehide', look);
    look();
  }
} catch (e) {}
