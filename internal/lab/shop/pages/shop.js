// The shop's own consent banner, and how it tells capture.js what was answered.
(() => {
  const listeners = [];
  const tell = granted => listeners.forEach(listener => listener(granted));

  window.amznCapture = {
    consent: answer => {
      listeners.push(answer);
      const said = /(?:^|; )shop_consent=(yes|no)/.exec(document.cookie);
      if (said) answer(said[1] === 'yes');
    },
  };

  // Without scripts the forms work as forms do. With them the visitor stays on
  // the landing page, whose URL has the click id.
  document.addEventListener('submit', async event => {
    const form = event.target;
    if (form.getAttribute('action') !== '/consent' || !event.submitter) return;
    event.preventDefault();
    const answer = event.submitter.value;
    const response = await fetch('/consent', {method: 'POST', body: new URLSearchParams({answer, by: 'script'})});
    if (!response.ok) return;
    tell(answer === 'yes');
    document.getElementById('banner')?.remove();
    document.documentElement.dataset.consent = answer;
    if (location.pathname === '/status') location.reload();
  });
})();
