"""Copying a large object out of Salesforce: ours, `curl` of the same pages, and the clients that pip and npm install."""
