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
  // What is kept: the URL's parameter, what a plausible value looks like, the
  // cookie and its seconds. Package capture in Go has the same rules, and
  // testdata/cases.json holds the two together.
  const kinds = [
    ['amzn_click_id', /^[\w.~:/+=|-]{6,1000}$/, 'amzn_click_id', 7776000],
    ['aref', /^\w{10}\.\d{13}(\|\w{10}\.\d{13})*$/, 'amzn_aref', 2592000],
  ];
  // Who may answer for consent, in the order in which they are believed: TCF,
  // GPP, Consent Mode, or the page itself. True and false are answers, 0 is one
  // that has still to come, and null is said by who has no say over this visitor.
  const answers = [];
  let layer, late;

  const has = text => `; ${document.cookie};`.includes('; ' + text);

  const put = (name, value, age) => {
    // A cookie of this host alone, from before there was a domain, would be sent
    // beside the new one and might be read instead of it.
    if (domain) document.cookie = name + '=; Path=/; Max-Age=0';
    document.cookie = name + `=${value}; Path=/; Max-Age=${age}; SameSite=Lax; Secure; Domain=${domain}`;
  };

  const decide = () => {
    const refused = answers.includes(false), granted = [...answers, late].find(answer => answer != null);
    kinds.forEach(([, , name, age, value]) => {
      // The same click seen again, by a reload or the back button, is as old
      // as it was.
      if (refused || granted && value && !has(name + `=${value};`)) {
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
    // While its dialogue is open, the platform repeats what was said before.
    if (data.eventStatus != 'cmpuishown') {
      answers[0] = data.gdprApplies === false ? null :
        !!(data.purpose.consents[1] && data.purpose.consents[7] && data.vendor.consents[793]);
    }
  });

  const gpp = safely(event => {
    const ping = JSON.stringify(event.pingData);
    if (/"ready"/.test(ping)) {
      // Sections below 6 are of laws that ask for an opt-in, and TCF's to
      // answer; the others are of laws under which one opts out.
      answers[1] = /OptOut":1|Gpc":[1t]|Sale":"Y|"1.Y/.test(ping) ? false :
        /leSections":\[[-\]]/.test(ping) ? null : /leSections":\[(\d+,)*[0-5]\b/.test(ping) ? 0 : true;
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
    late = event || document.readyState == 'complete';
    if (window.__tcfapi && !(0 in answers)) {
      answers[0] = 0;
      __tcfapi('addEventListener', 2, tcf);
    }
    if (window.__gpp && !(1 in answers)) {
      answers[1] = 0;
      __gpp('addEventListener', gpp);
    }
    const data = window.dataLayer || [], push = data.push;
    if (data != layer) {
      layer = data;
      data.push = (...entries) => {
        mode(entries);
        return push.call(data, ...entries);
      };
      mode(data);
    }
  });

  // Whoever goes on to a second page before they answer the banner leaves
  // nothing on the first one but its address.
  const before = document.referrer;
  const urls = location.search + '#' + (before.split('/')[2] == location.host && !has('amzn_click_id=') ? before : '');
  kinds.forEach(kind => urls.replace(RegExp('[?&]' + kind[0] + '=([^&#]*)'), (_, value) => {
    // Unlike its successor this never throws, and what it cannot decode is not
    // plausible anyway.
    value = unescape(value);
    if (kind[1].test(value)) kind[4] = encodeURIComponent(value);
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
