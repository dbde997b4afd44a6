/** Settings of capture.js, to be set before it is loaded. */
export interface AmznCaptureSettings {
  /**
   * Tells whether the visitor lets the click id be kept. It is called once, while
   * the script loads, and calls `answer` with true or false whenever it knows: at
   * once, later, and again when the visitor changes their mind. Until then nothing
   * is written. With this setting no consent platform on the page is asked.
   */
  consent?: (answer: (granted: boolean) => void) => void;
  /**
   * The domain whose hosts share the cookies, such as "example.com" for
   * checkout.example.com to see those of www.example.com. The page's host alone
   * if it is not set.
   */
  domain?: string;
}

declare global {
  interface Window {
    amznCapture?: AmznCaptureSettings;
  }
}
