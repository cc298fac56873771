// What can be an e-mail address: enough to tell a slip, and to keep a header one line.
export const ADDRESS = /^[^\s@<>"',;\0]+@[^\s@<>"',;\0]+$/;
