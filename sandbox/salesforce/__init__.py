"""A local stand-in of one Salesforce org: OAuth, REST and Bulk API 2.0 queries over the objects of org.yml.

It plays what reading an org needs, in the shapes, statuses and words of the vendor, and single record writes besides.
It does not play child queries and TYPEOF in a field list, SOSL, composite calls other than collections, upserts by an
external id, Bulk ingest, cascading deletes, sharing rules and triggers.
"""
