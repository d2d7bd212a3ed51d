-- Each value is handled once; the time makes it unique.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["dubjob.dev/retry"] = "failed@" .. os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
