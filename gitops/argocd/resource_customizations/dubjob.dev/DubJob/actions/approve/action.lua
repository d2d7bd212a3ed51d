-- The run is in the value, so that an old approval opens no later gate.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
for _, stage in ipairs(obj.status.stages) do
  if stage.state == "AwaitingReview" then
    obj.metadata.annotations["dubjob.dev/approved"] = stage.name .. "." .. string.format("%d", stage.run)
  end
end
return obj
