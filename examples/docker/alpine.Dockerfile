# Alpine: npm takes the binary for musl by itself. A package-lock.json that was written on another platform is fine.
FROM node:24-alpine
RUN apk add --no-cache ca-certificates
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY . .
USER node
CMD ["node", "main.js"]
