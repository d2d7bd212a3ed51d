"""The operator: DubJobs become Jobs, Jobs become status.

Imports run one way: ``handlers > cluster > planning > api``. Read
`planning.plan` for what happens next and why.
"""
